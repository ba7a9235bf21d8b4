import { AppError } from '@tollgate/kernel';
import { ConfigError } from '@tollgate/service-kit';
import { Command, CommanderError } from 'commander';

import { FolderInUse, FolderUnusable } from '../data-folder.ts';
import { addAccountsCommands } from './accounts.ts';
import { addAuditBundleCommand } from './audit-bundle.ts';
import { addBooksCommands } from './books.ts';
import { addCloseCommands } from './close.ts';
import { connect } from './connect.ts';
import { addDeadLettersCommands } from './dead-letters.ts';
import { addDifferencesCommands } from './differences.ts';
import { addEraseCommand } from './erase.ts';
import { addExportCommand } from './export.ts';
import { addFeesCommands } from './fees.ts';
import { addFinanceCommands } from './finance.ts';
import { addImportCommand } from './import.ts';
import { addKeysCommands } from './keys.ts';
import { addMigrateCommand } from './migrate.ts';
import { addMoveLogCommand } from './move-log.ts';
import { CommandFailed } from './output.ts';
import { addPruneCommands } from './prune.ts';
import { addReconcileCommand } from './reconcile.ts';
import { addRefundsCommands } from './refunds.ts';
import { addSecretsCommand } from './secrets.ts';
import { addStatementCommand } from './statement.ts';
import { addTopUpsCommands } from './top-ups.ts';

/**
 * The operator's program: `npm run tollgate -- <command>`. Exit codes: 0 done, 1 failed, 78 wrong settings
 * (`reconcile`: 2 wrong usage).
 */
const program = new Command('tollgate')
  .description('Operates the platform: while it runs, and in embedded mode also while it is stopped.')
  .option('--json', 'print JSON')
  .option('--url <address>', "the gateway's address; default: from DATA_DIR or HOST and PORT")
  .showHelpAfterError();

addMigrateCommand(program);
addKeysCommands(program, connect);
addDeadLettersCommands(program, connect);
addImportCommand(program, connect);
addExportCommand(program, connect);
addAccountsCommands(program, connect);
addEraseCommand(program, connect);
addBooksCommands(program);
addAuditBundleCommand(program);
addFinanceCommands(program);
addReconcileCommand(program, connect);
addRefundsCommands(program, connect);
addFeesCommands(program, connect);
addTopUpsCommands(program, connect);
addCloseCommands(program, connect);
addDifferencesCommands(program, connect);
addStatementCommand(program, connect);
addPruneCommands(program);
addMoveLogCommand(program);
addSecretsCommand(program);
everywhere(program);

/** `--json` and `--url` may stand before or after a command, whichever. */
function everywhere(parent: Command): void {
  for (const command of parent.commands) {
    command.option('--json', 'print JSON').option('--url <address>', "the gateway's address");
    everywhere(command);
  }
}

// The reader of our output may have seen enough (`| head`): that ends the command, and what was started is closed by
// its end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  await program.parseAsync();
  process.exitCode ??= 0;
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode);
  const expected = error instanceof AppError && error.kind !== 'bug';
  const known =
    expected ||
    error instanceof CommandFailed ||
    error instanceof ConfigError ||
    error instanceof FolderInUse ||
    error instanceof FolderUnusable;
  const text = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = error instanceof ConfigError ? 78 : 1;
}

// Everything is closed by now; a connection that a client library still holds open must not keep an operator waiting.
await new Promise<void>((resolve) => void process.stdout.write('', () => resolve()));
process.exit();
