import type { Command } from 'commander';

import { makeServiceSecrets } from '../service-secrets.ts';
import { createOutput } from './output.ts';

/** `secrets`: what the services of a distributed platform must know, a folder each. */
export function addSecretsCommand(program: Command): void {
  program
    .command('secrets')
    .description('generates the secrets of a distributed platform, a folder for each service; existing ones are kept')
    .argument('<folder>', 'below it: gateway, ledger, billing, quota, optimizer, migrate, postgres')
    .option('--postgres <host:port>', 'where the services reach PostgreSQL', 'postgres:5432')
    .action((folder: string, _, command: Command) => {
      const { json = false, postgres } = command.optsWithGlobals<{ json?: boolean; postgres: string }>();
      const files = makeServiceSecrets(folder, { host: postgres });
      createOutput(json).result(
        { files },
        files.map((file) => `${file}`),
      );
    });
}
