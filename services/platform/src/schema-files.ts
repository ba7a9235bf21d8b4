import { renderSchema } from './postgres/render-schema.ts';

/** A committed file and the schemas that it shows. */
export type SchemaFile = { readonly path: string; readonly schemas: readonly string[] };

/** Relative to the root of the repository. The documents' views in `public` are the gateway's, as are its tables. */
export const schemaFiles: readonly SchemaFile[] = [
  { path: 'services/ledger/schema.sql', schemas: ['ledger'] },
  { path: 'services/gateway/schema.sql', schemas: ['gateway', 'public'] },
  { path: 'services/billing/schema.sql', schemas: ['billing', 'finance'] },
  { path: 'services/quota/schema.sql', schemas: ['quota'] },
  { path: 'services/optimizer/schema.sql', schemas: ['optimizer'] },
  { path: 'libs/messaging/schema.sql', schemas: ['log'] },
  { path: 'libs/stripe-simulator/schema.sql', schemas: ['stripe_simulator'] },
];

/** What the file should hold, read from a migrated database. */
export async function contentOf({ schemas }: SchemaFile, databaseUrl: string): Promise<string> {
  const texts: string[] = [];
  for (const schema of schemas) texts.push(await renderSchema(databaseUrl, schema));
  return texts.join('\n');
}
