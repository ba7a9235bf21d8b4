// `npm run schema`: writes the schema.sql files from a freshly migrated database, an embedded PostgreSQL that is thrown
// away afterwards. A spec of the platform compares them with what the migrations leave.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = (path) => import(pathToFileURL(join(root, path)).href);
const { startEmbeddedPostgres } = await built('libs/persistence/dist/index.js');
const { prepareDatabase } = await built('services/platform/dist/prepare.js');
const { contentOf, schemaFiles } = await built('services/platform/dist/schema-files.js');

const folder = mkdtempSync(join(tmpdir(), 'tollgate-schema-'));
const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
try {
  await prepareDatabase({
    adminUrl: server.url,
    passwordOf: () => 'for this run only',
    embeddedLog: true,
    stripeSimulator: true,
  });
  for (const file of schemaFiles) {
    writeFileSync(join(root, file.path), await contentOf(file, server.url));
    process.stdout.write(`written ${file.path}\n`);
  }
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
