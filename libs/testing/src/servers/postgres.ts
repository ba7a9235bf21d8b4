/** A PostgreSQL server of a test. */
export type TestPostgres = {
  /** URL of the maintenance database, as superuser. */
  readonly url: string;
  /** Ends it cleanly and removes its data. */
  stop(): Promise<void>;
  /** SIGKILL: what committed must still be there after `restart`. */
  kill(): Promise<void>;
  /** The same data on the same port. Ends it first when it runs. */
  restart(): Promise<void>;
};

export type PostgresOptions = {
  /** Default: off. */
  readonly fsync?: boolean;
  /** `name=value`. */
  readonly settings?: readonly string[];
  /** Roles but the superuser log in with theirs. */
  readonly passwords?: boolean;
};

/** What a server of tests is started with; the tests' own settings come after and win. */
export const postgresSettings = ({ fsync = false, settings = [] }: PostgresOptions): readonly string[] =>
  [
    'max_connections=300',
    'shared_buffers=64MB',
    ...(fsync ? [] : ['fsync=off', 'full_page_writes=off']),
    ...settings,
  ].flatMap((setting) => ['-c', setting]);

/**
 * Rules of pg_hba.conf: the superuser connects without a password, everybody else with one. `from`: the addresses that
 * may connect.
 */
export const passwordRules = (from: string): string =>
  `host all postgres ${from} trust\nhost all all ${from} scram-sha-256\n`;
