import { createLogger, loadDotEnv } from '@tollgate/service-kit';
import type { Command } from 'commander';

import { isDistributed, type PlatformConfig, present, readConfig, type Settings } from '../config.ts';
import { FolderInUse, runningPlatform } from '../data-folder.ts';
import { startPlatform } from '../platform.ts';
import { embeddedSecrets } from '../secrets.ts';
import { type Api, apiOf } from './api.ts';
import { createOutput, type Output } from './output.ts';

/** Gives a command the platform it works on: the one that runs, or one that is started for it and stopped again. */
export type Connect = (command: Command, work: (api: Api, output: Output) => Promise<void>) => Promise<void>;

export const connect: Connect = async (command, work) => {
  const { json = false, url } = command.optsWithGlobals<{ json?: boolean; url?: string }>();
  const output = createOutput(json);
  const config = operatorConfig(['SERVER_API_KEY']);
  if (url !== undefined || config.mode === 'distributed') {
    const { HOST, PORT, SERVER_API_KEY } = config.settings;
    const serverKey = present(SERVER_API_KEY, 'SERVER_API_KEY');
    return work(apiOf({ address: url ?? `http://${HOST}:${PORT}`, serverKey }), output);
  }
  const { DATA_DIR } = config.settings;
  const serverKeyNow = (): string => embeddedSecrets(DATA_DIR, config.settings).serverApiKey;
  const running = runningPlatform(DATA_DIR);
  if (running !== null) return work(apiOf({ address: running.address, serverKey: serverKeyNow() }), output);
  await onStartedPlatform(config, output, (address) => work(apiOf({ address, serverKey: serverKeyNow() }), output));
};

/** The settings as the platform itself would read them; `needed` must be set in distributed mode. */
export function operatorConfig(needed: readonly (keyof Settings)[]): PlatformConfig {
  if (!isDistributed(process.env)) loadDotEnv('.env');
  return readConfig(process.env, needed);
}

/**
 * What a command on the database itself must be told in distributed mode: the roles' passwords come from their folder,
 * else from SERVICE_SECRET.
 */
export const booksNeed = (env: NodeJS.ProcessEnv): readonly (keyof Settings)[] => [
  'DATABASE_URL',
  'KAFKA_BROKERS',
  ...(env['DATABASE_PASSWORDS_DIR'] ? [] : (['SERVICE_SECRET'] as const)),
];

/** Starts the platform for one command, on a free port. It locks the data folder, so that no second one can start. */
async function onStartedPlatform(
  config: PlatformConfig,
  output: Output,
  work: (address: string) => Promise<void>,
): Promise<void> {
  output.remark('The platform is not running; starting it for this command …');
  const closing: (() => Promise<void>)[] = [];
  const settings = { ...config.settings, HOST: '127.0.0.1', PORT: 0 };
  const logger = createLogger({ service: 'tollgate', level: 'silent' });
  try {
    const platform = await startPlatform({
      config: { ...config, settings },
      logger,
      say: () => undefined,
      onStop: (_, close) => void closing.push(close),
    });
    await work(platform.address);
  } catch (error) {
    // It may have come up a moment ago, or be on its way down.
    if (error instanceof FolderInUse) output.remark(error.message);
    throw error;
  } finally {
    for (const close of closing.reverse()) await close();
  }
}
