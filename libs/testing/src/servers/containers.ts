import type { KafkaContainer as Kafka } from '@testcontainers/kafka';
import type { StartedTestContainer } from 'testcontainers';

import { freePort } from '../free-port.ts';
import { waitFor } from '../wait-for.ts';
import { answersApiVersions, answersStartup } from './answers.ts';
import { brokerProperties, type TestKafka } from './kafka.ts';
import { passwordRules, type PostgresOptions, postgresSettings, type TestPostgres } from './postgres.ts';

const images = { postgres: 'postgres:18', kafka: 'confluentinc/cp-kafka:8.3.0' } as const;
const startMs = 60_000;

/** The version of the Docker engine that answers, or undefined. */
export async function dockerEngine(): Promise<string | undefined> {
  try {
    const { getContainerRuntimeClient } = await import('testcontainers');
    return (await getContainerRuntimeClient()).info.containerRuntime.serverVersion.toString();
  } catch {
    return undefined;
  }
}

/** `startPostgres` in a container, on a port of the host that it keeps over a restart. */
export async function startPostgresContainer(options: PostgresOptions = {}): Promise<TestPostgres> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const port = await freePort();
  const container = new PostgreSqlContainer(images.postgres)
    .withUsername('postgres')
    .withPassword('postgres')
    .withDatabase('postgres')
    .withEnvironment({ POSTGRES_HOST_AUTH_METHOD: 'trust', POSTGRES_INITDB_ARGS: '--encoding=UTF8 --locale=C' })
    .withExposedPorts({ container: 5432, host: port })
    .withCommand(['postgres', ...postgresSettings(options)]);
  if (options.passwords === true)
    container.withCopyContentToContainer([
      {
        content: `cat > "$PGDATA/pg_hba.conf" <<'rules'\nlocal all all trust\n${passwordRules('all')}rules\n`,
        target: '/docker-entrypoint-initdb.d/rules.sh',
      },
    ]);
  const started = await controlled(await container.start(), () => answersStartup(port));
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, ...started };
}

/** `startKafka` in a container, on a port of the host that it keeps over a restart. */
export async function startKafkaContainer(settings = ''): Promise<TestKafka> {
  const [{ KafkaContainer }, { Wait }] = await Promise.all([import('@testcontainers/kafka'), import('testcontainers')]);
  const port = await freePort();
  // The port is bound when everything else is set: the class exposes its own as it starts, and the last one counts.
  class OnOnePort extends KafkaContainer {
    protected override async beforeContainerCreated(): Promise<void> {
      await super.beforeContainerCreated();
      this.withExposedPorts({ container: 9093, host: port });
    }
  }
  const container: Kafka = new OnOnePort(images.kafka)
    .withEnvironment(environmentOf(brokerProperties + settings))
    // Without one of its own, the container counts as started before the broker is.
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/));
  return {
    brokers: `127.0.0.1:${port}`,
    ...(await controlled(await container.start(), () => answersApiVersions(port))),
  };
}

/** Properties as the image takes them: `log.dirs` is KAFKA_LOG_DIRS. */
const environmentOf = (properties: string): Record<string, string> =>
  Object.fromEntries(
    properties
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => {
        const [name = '', ...value] = line.split('=');
        return [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, value.join('=')];
      }),
  );

type Controls = Pick<TestKafka, 'stop' | 'kill' | 'restart' | 'pause' | 'resume'>;

async function controlled(started: StartedTestContainer, answers: () => Promise<boolean>): Promise<Controls> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  const container = (await getContainerRuntimeClient()).container.getById(started.getId());
  const is = async (state: 'Running' | 'Paused'): Promise<boolean> => (await container.inspect()).State[state];
  const resume = async (): Promise<void> => {
    if (await is('Paused')) await container.unpause();
  };
  return {
    stop: async () => {
      await resume();
      await started.stop();
    },
    kill: async () => {
      await container.kill();
      await waitFor('the end of the container', async () => !(await is('Running')));
    },
    restart: async () => {
      if (await is('Running')) await container.stop({ t: 20 });
      await container.start();
      await waitFor('an answer of the container', answers, startMs);
    },
    pause: async () => void (await container.pause()),
    resume,
  };
}
