import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type FreshDatabase, freshDatabase } from '@tollgate/testing';
import pg from 'pg';

import { renderSchema } from './postgres/render-schema.ts';
import { prepareDatabase } from './prepare.ts';
import { contentOf, schemaFiles } from './schema-files.ts';

const root = join(import.meta.dirname, '..', '..', '..');
let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  await prepareDatabase({
    adminUrl: database.url,
    passwordOf: () => 'a password of this test',
    embeddedLog: true,
    stripeSimulator: true,
  });
});
afterAll(() => database.drop());

/** Runs statements on the migrated database, renders, and takes them back. */
async function renderedAfter(sql: string, undo: string): Promise<string> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query(sql);
    return await renderSchema(database.url, 'ledger');
  } finally {
    await client.query(undo);
    await client.end();
  }
}

describe('a fresh migration', () => {
  // Guarantee: whoever changes a migration sees, and shows the reviewer, what it does to the schema.
  it.each(schemaFiles.map((file) => [file.path, file] as const))(
    'leaves what %s says; else run `npm run schema` and commit it',
    async (path, file) => {
      expect(await contentOf(file, database.url)).toBe(readFileSync(join(root, path), 'utf8'));
    },
  );

  it.each([
    ['a column', 'alter table ledger.entries add surplus integer', 'alter table ledger.entries drop surplus'],
    [
      'a right',
      'grant delete on ledger.entries to tollgate_ledger',
      'revoke delete on ledger.entries from tollgate_ledger',
    ],
    [
      'a trigger that was switched off',
      'alter table ledger.entries disable trigger entries_append_only',
      'alter table ledger.entries enable always trigger entries_append_only',
    ],
    ['an index', 'create index surplus on ledger.entries (lot)', 'drop index ledger.surplus'],
  ])('shows %s', async (_, sql, undo) => {
    const before = await renderSchema(database.url, 'ledger');

    expect(await renderedAfter(sql, undo)).not.toBe(before);
    expect(await renderSchema(database.url, 'ledger')).toBe(before);
  });
});
