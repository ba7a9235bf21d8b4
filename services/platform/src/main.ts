import { createLogger, createShutdown, loadDotEnv, portTrouble, runMain } from '@tollgate/service-kit';

import { isDistributed, readConfig } from './config.ts';
import { FolderInUse, FolderUnusable } from './data-folder.ts';
import { startPlatform } from './platform.ts';
import { welcome } from './welcome.ts';

/** `npm start`: the four services in one process. */
await runMain(async () => {
  if (!isDistributed(process.env)) loadDotEnv('.env');
  const config = readConfig(process.env);
  const logger = createLogger({ service: 'platform', level: config.settings.LOG_LEVEL });
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const shutdown = createShutdown(say);
  try {
    const platform = await startPlatform({ config, logger, say, onStop: shutdown.onStop });
    if (!shutdown.signal.aborted) for (const line of welcome(platform, config)) say(line);
  } catch (error) {
    // What a stop interrupted fails as it likes; the stop itself goes on and ends the process.
    if (shutdown.signal.aborted) return;
    if (error instanceof FolderInUse || error instanceof FolderUnusable) {
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    }
    const trouble = portTrouble(error);
    if (trouble !== null) process.stderr.write(`${trouble}\n`);
    else logger.fatal({ err: error }, 'the platform did not start');
    shutdown.stop('Not started; closing what was', 1);
  }
});
