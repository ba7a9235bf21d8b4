import { type EmbeddedPostgres, startEmbeddedPostgres } from '@tollgate/persistence';
import { rest } from '@tollgate/service-kit';

/** The embedded server, kept running: when it dies by itself it is started again on the same port and data. */
export type Database = { readonly url: string; stop(): Promise<void> };

const restartPauseMs = 500;

export async function startDatabase(options: {
  readonly dataDir: string;
  /** Called when the server has died, and when a restart has failed. */
  readonly onTrouble: (line: string) => void;
}): Promise<Database> {
  const stopping = new AbortController();
  let server = await startEmbeddedPostgres({ dataDir: options.dataDir });
  const { url, port } = server;

  const supervise = async (): Promise<void> => {
    for (;;) {
      await server.ended;
      if (stopping.signal.aborted) return;
      options.onTrouble('PostgreSQL ended unexpectedly; starting it again');
      const again = await restart(port);
      if (again === null) return;
      server = again;
    }
  };
  const restart = async (samePort: number): Promise<EmbeddedPostgres | null> => {
    while (!stopping.signal.aborted) {
      await rest(restartPauseMs, stopping.signal);
      if (stopping.signal.aborted) return null;
      try {
        return await startEmbeddedPostgres({ dataDir: options.dataDir, port: samePort });
      } catch (error) {
        options.onTrouble(`PostgreSQL does not start: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return null;
  };
  const supervised = supervise();

  return {
    url,
    stop: async () => {
      stopping.abort();
      await server.stop();
      await supervised;
      // A restart may have been under way.
      await server.stop();
    },
  };
}
