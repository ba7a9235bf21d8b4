import { dockerEngine, startKafkaContainer, startPostgresContainer } from './containers.ts';
import type { TestKafka } from './kafka.ts';
import { startLocalKafka } from './local-kafka.ts';
import { startLocalPostgres } from './local-postgres.ts';
import type { PostgresOptions, TestPostgres } from './postgres.ts';

/**
 * TOLLGATE_CONTAINERS=1 asks for containers. Otherwise, and where no Docker engine answers, the binaries of this
 * machine are used. Decided, and reported, once a process.
 */
let decided: Promise<boolean> | undefined;
const inContainers = (): Promise<boolean> =>
  (decided ??= (async () => {
    const asked = process.env['TOLLGATE_CONTAINERS'] === '1';
    const engine = asked ? await dockerEngine() : undefined;
    const where =
      engine !== undefined
        ? `containers (Docker ${engine})`
        : `local binaries${asked ? ': no Docker engine answers' : ''}`;
    process.stderr.write(`servers of the tests: ${where}\n`);
    return engine !== undefined;
  })());

/** Starts a PostgreSQL server for this test alone. */
export const startPostgres = async (options: PostgresOptions = {}): Promise<TestPostgres> =>
  (await inContainers()) ? startPostgresContainer(options) : startLocalPostgres(options);

/**
 * Starts a broker for this test alone; ready when it answers. `settings`: further lines of its properties, which win.
 * @throws Error that says why it cannot run here.
 */
export const startKafka = async (settings = ''): Promise<TestKafka> =>
  (await inContainers()) ? startKafkaContainer(settings) : startLocalKafka(settings);
