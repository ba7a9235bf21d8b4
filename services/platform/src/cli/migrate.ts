import type { Command } from 'commander';

import { type PlatformConfig, present } from '../config.ts';
import { FolderInUse, takeDataFolder } from '../data-folder.ts';
import { startDatabase } from '../database.ts';
import { prepareDatabase, prepareTopics } from '../prepare.ts';
import { embeddedSecrets, rolePasswordsOf } from '../secrets.ts';
import { booksNeed, operatorConfig } from './connect.ts';
import { CommandFailed, createOutput } from './output.ts';

/** `migrate`: roles, schemas and topics, brought to this version. A repeat changes nothing. */
export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('brings roles, schemas and topics to this version; a repeat changes nothing')
    .action(async (_, command: Command) => {
      const output = createOutput(command.optsWithGlobals<{ json?: boolean }>().json ?? false);
      const config = operatorConfig(booksNeed(process.env));
      const migrations =
        config.mode === 'distributed' ? await migrateDistributed(config) : await migrateEmbedded(config);
      output.result(
        { migrations },
        migrations.length === 0 ? ['Nothing to do.'] : migrations.map((name) => `applied ${name}`),
      );
    });
}

async function migrateDistributed(config: PlatformConfig): Promise<readonly string[]> {
  const adminUrl = present(config.settings.DATABASE_URL, 'DATABASE_URL');
  const { ran } = await prepareDatabase({
    adminUrl,
    passwordOf: rolePasswordsOf(config.settings, config.settings.SERVICE_SECRET ?? ''),
    embeddedLog: false,
  });
  await prepareTopics(config.settings);
  return ran;
}

async function migrateEmbedded({ settings }: PlatformConfig): Promise<readonly string[]> {
  const folder = await takeDataFolder(settings.DATA_DIR).catch((error: unknown) => {
    if (error instanceof FolderInUse)
      throw new CommandFailed(`${error.message} It migrates its database when it starts.`);
    throw error;
  });
  try {
    const { serviceSecret } = embeddedSecrets(folder.path, settings);
    const given = settings.DATABASE_URL;
    const database =
      given === undefined
        ? await startDatabase({ dataDir: `${folder.path}/postgres`, onTrouble: () => undefined })
        : null;
    try {
      const { ran } = await prepareDatabase({
        adminUrl: given ?? present(database?.url, 'DATABASE_URL'),
        passwordOf: rolePasswordsOf(settings, serviceSecret),
        embeddedLog: true,
      });
      return ran;
    } finally {
      await database?.stop();
    }
  } finally {
    await folder.release();
  }
}
