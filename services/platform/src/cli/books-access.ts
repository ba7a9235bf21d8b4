import { financeSchema } from '@tollgate/billing';
import { topics } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { ledgerSchema } from '@tollgate/ledger';
import { embeddedLogSchema, type EventLog, openKafkaLog, readEmbeddedLog } from '@tollgate/messaging';
import { rolePassword, roleUrl, runningEmbeddedPostgres } from '@tollgate/persistence';
import { kafkaConnectionOf } from '@tollgate/service-kit';

import { type PlatformConfig, present } from '../config.ts';
import { takeDataFolder } from '../data-folder.ts';
import { startDatabase } from '../database.ts';
import { embeddedSecrets, rolePasswordsOf } from '../secrets.ts';
import { booksNeed, operatorConfig } from './connect.ts';
import { CommandFailed } from './output.ts';

/** The books and the log of requests, for commands that read them directly. */
export type BooksAccess = {
  /** Of the role `tollgate_ledger`. */
  readonly ledgerUrl: string;
  /** Of the role `tollgate_finance`, which reads the views of finance and nothing else. */
  readonly financeUrl: string;
  readonly log: Pick<EventLog, 'read' | 'describe' | 'prune' | 'close'>;
  readonly topic: string;
  /** Whether entries go to a topic, too. */
  readonly publishesEntries: boolean;
  /** The embedded log of the same database. */
  embeddedLogUrl(): string;
};

/**
 * Opens the books beside a running platform, or, when it is stopped, on a PostgreSQL that is started under the folder's
 * lock and stopped again.
 */
export async function withBooks<T>(work: (books: BooksAccess) => Promise<T>): Promise<T> {
  const config = operatorConfig(booksNeed(process.env));
  const { settings } = config;
  if (config.mode === 'distributed') {
    const adminUrl = present(settings.DATABASE_URL, 'DATABASE_URL');
    return onServer({ config, adminUrl, passwordOf: rolePasswordsOf(settings, settings.SERVICE_SECRET ?? '') }, work);
  }
  const running = settings.DATABASE_URL ?? (await runningEmbeddedPostgres(`${settings.DATA_DIR}/postgres`));
  const passwordOf = (role: string): string =>
    rolePasswordsOf(settings, embeddedSecrets(settings.DATA_DIR, settings).serviceSecret)(role);
  if (running !== null) return onServer({ config, adminUrl: running, passwordOf }, work);
  const folder = await takeDataFolder(settings.DATA_DIR);
  try {
    const database = await startDatabase({ dataDir: `${folder.path}/postgres`, onTrouble: () => undefined });
    try {
      return await onServer({ config, adminUrl: database.url, passwordOf }, work);
    } finally {
      await database.stop();
    }
  } finally {
    await folder.release();
  }
}

async function onServer<T>(
  server: { readonly config: PlatformConfig; readonly adminUrl: string; readonly passwordOf: (role: string) => string },
  work: (books: BooksAccess) => Promise<T>,
): Promise<T> {
  const {
    config: { settings },
    adminUrl,
    passwordOf,
  } = server;
  const urlOf = (role: string): string => roleUrl(adminUrl, role, passwordOf(role));
  const log =
    settings.KAFKA_BROKERS === undefined
      ? readEmbeddedLog({ url: urlOf(embeddedLogSchema.role) })
      : await openKafkaLog(kafkaConnectionOf(settings, 'tollgate-operator'));
  try {
    await log.describe(topics.usageEvents).catch((error: unknown) => {
      if (error instanceof AppError && error.kind === 'not_found')
        throw new CommandFailed('there are no books yet: start the platform once');
      throw error;
    });
    return await work({
      ledgerUrl: urlOf(ledgerSchema.role),
      financeUrl: urlOf(financeSchema.role),
      log,
      topic: topics.usageEvents,
      publishesEntries: settings.KAFKA_BROKERS !== undefined,
      embeddedLogUrl: () => embeddedLogUrl(server),
    });
  } finally {
    await log.close();
  }
}

/** The embedded log's own password is derived, also where the other roles have a folder of passwords (`move-log`). */
function embeddedLogUrl({ config: { settings }, adminUrl, passwordOf }: Parameters<typeof onServer>[0]): string {
  const { role } = embeddedLogSchema;
  return roleUrl(
    adminUrl,
    role,
    settings.SERVICE_SECRET === undefined ? passwordOf(role) : rolePassword(settings.SERVICE_SECRET, role),
  );
}
