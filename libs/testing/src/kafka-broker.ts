import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BoundProcess } from './bound-process.ts';
import { endBound, runBound, startBound } from './bound-process.ts';
import { freePort } from './free-port.ts';
import { javaVersion, kafkaCache, kafkaClassPath } from './kafka-jars.ts';

/** A real single-broker Apache Kafka of a test; it dies with the process that started it. */
export type TestKafka = {
  /** `host:port`, as TEST_KAFKA_BROKERS takes it. */
  readonly brokers: string;
  /** Ends it cleanly and removes its data. */
  stop(): Promise<void>;
  /** SIGKILL: what was acknowledged must still be there after `restart`. */
  kill(): Promise<void>;
  /** The same data on the same ports. Ends it first when it runs. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
};

const jvm = [
  '-Xms64m',
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:MaxMetaspaceSize=96m',
  '-XX:ReservedCodeCacheSize=64m',
  '-XX:MaxDirectMemorySize=64m',
  '-Xss512k',
  '-Xshare:auto',
];

/**
 * Starts a broker on free ports of the loopback; ready when it answers. The first clean stop on a machine leaves a
 * class-data archive in the cache, which halves the start of the next ones. `settings`: further lines of its
 * properties, which win.
 * @throws Error that says why it cannot run here (Java, Maven, network).
 */
export async function startKafka(settings = ''): Promise<TestKafka> {
  const java = await javaVersion();
  const classPath = await kafkaClassPath();
  const archive = join(kafkaCache(), `classes-${createHash('sha256').update(java).digest('hex').slice(0, 12)}.jsa`);
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-kafka-'));
  const ports = { client: await freePort(), controller: await freePort() };
  const properties = join(folder, 'server.properties');
  writeFileSync(properties, `${serverProperties(ports, join(folder, 'data'))}${settings}`);
  writeFileSync(
    join(folder, 'log4j2.properties'),
    'rootLogger.level=warn\nrootLogger.appenderRef.out.ref=out\n' +
      'appender.out.type=Console\nappender.out.name=out\nappender.out.layout.type=PatternLayout\nappender.out.layout.pattern=%d %p %m%n\n',
  );
  const bound = { cwd: folder, logFile: join(folder, 'kafka.log'), deathSignal: 'KILL' } as const;
  // 16 bytes in base64url; the first character is given, because the tool takes a leading dash for an option.
  const clusterId = `T${Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url').slice(1)}`;
  await runBound(
    [
      'java',
      ...jvm,
      '-cp',
      classPath,
      'kafka.tools.StorageTool',
      'format',
      '--standalone',
      '-t',
      clusterId,
      '-c',
      properties,
    ],
    bound,
  );

  const newArchive = join(kafkaCache(), `new-${randomUUID()}.jsa`);
  const start = async (): Promise<BoundProcess> => {
    const sharing = existsSync(archive) ? `-XX:SharedArchiveFile=${archive}` : `-XX:ArchiveClassesAtExit=${newArchive}`;
    const broker = startBound(
      [
        'java',
        ...jvm,
        sharing,
        `-Dlog4j2.configurationFile=file:${folder}/log4j2.properties`,
        '-cp',
        classPath,
        'kafka.Kafka',
        properties,
      ],
      bound,
    );
    await ready(broker, ports.client);
    return broker;
  };
  const end = async (): Promise<void> => {
    broker.signal('SIGCONT');
    await endBound(broker, 'SIGTERM', 20_000);
    if (existsSync(newArchive)) renameSync(newArchive, archive);
  };
  let broker = await start();
  return {
    brokers: `127.0.0.1:${ports.client}`,
    stop: async () => {
      await end();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
    kill: () => endBound(broker, 'SIGKILL', 10_000),
    restart: async () => {
      if (broker.running()) await end();
      broker = await start();
    },
    pause: () => broker.signal('SIGSTOP'),
    resume: () => broker.signal('SIGCONT'),
  };
}

/** Ready when the broker answers an ApiVersions request. */
async function ready(broker: BoundProcess, port: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (broker.running() && performance.now() < deadline) {
    if (await answersApiVersions(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await endBound(broker, 'SIGKILL', 1_000);
  throw new Error(`Apache Kafka did not start:\n${broker.output().slice(-4_000)}`);
}

function answersApiVersions(port: number): Promise<boolean> {
  // Size 10; API key 18, version 0, correlation id 1, null client id.
  const request = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    const done = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(2_000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', () => done(true));
  });
}

const serverProperties = (
  ports: { readonly client: number; readonly controller: number },
  dataDir: string,
): string => `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${ports.controller}
listeners=PLAINTEXT://127.0.0.1:${ports.client},CONTROLLER://127.0.0.1:${ports.controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports.client},CONTROLLER://127.0.0.1:${ports.controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=${dataDir}
num.network.threads=2
num.io.threads=4
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=2000
log.cleaner.dedupe.buffer.size=16777216
`;
