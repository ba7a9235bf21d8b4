import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BoundProcess } from '../bound-process.ts';
import { endBound, runBound, startBound } from '../bound-process.ts';
import { freePort } from '../free-port.ts';
import { answersApiVersions } from './answers.ts';
import { brokerProperties, type TestKafka } from './kafka.ts';
import { javaVersion, kafkaCache, kafkaClassPath } from './kafka-jars.ts';

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
export async function startLocalKafka(settings = ''): Promise<TestKafka> {
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
      'appender.out.type=Console\nappender.out.name=out\nappender.out.layout.type=PatternLayout\n' +
      'appender.out.layout.pattern=%d %p %m%n\n',
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
    pause: () => Promise.resolve(broker.signal('SIGSTOP')),
    resume: () => Promise.resolve(broker.signal('SIGCONT')),
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
${brokerProperties}`;
