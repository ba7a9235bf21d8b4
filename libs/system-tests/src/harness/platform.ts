import { waitFor } from '@tollgate/testing';
import pg from 'pg';

import type { Client } from './client.ts';

/** A running platform, however it runs: what a black-box check may use. */
export interface Platform {
  readonly name: 'embedded' | 'distributed';
  /** With the server key of all scopes. */
  readonly server: Client;
  /** Without any credentials. */
  readonly anybody: Client;
  /** Where figures are read: the public port of one machine, else a gateway's health port. */
  readonly figures: Client;
  readonly admin: { readonly email: string; readonly password: string };
  readonly optimizeAdminToken: string;
  /** Reads as PostgreSQL's superuser, as an auditor would, or as whom the statements `before` it make. */
  rows<Row extends object>(
    sql: string,
    values?: readonly unknown[],
    before?: readonly string[],
  ): Promise<readonly Row[]>;
  /** `npm run tollgate -- …` */
  cli(...args: readonly string[]): Promise<{ readonly how: string; readonly output: string }>;
}

export async function queryOnce<Row extends object>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
  before: readonly string[] = [],
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of before) await client.query(statement);
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** What the operator's two checks of the books say. */
export type BooksReport = {
  readonly drifts: readonly unknown[];
  readonly chainProblems: readonly unknown[];
  readonly entries: number;
  readonly records: number;
};

/** `rebuild --check` and `verify-chain`: an honest platform has nothing to list. */
export async function checkBooks(platform: Platform): Promise<BooksReport> {
  // One after the other: on a stopped platform each takes the data folder.
  const rebuild = await platform.cli('rebuild', '--check', '--json');
  const chain = await platform.cli('verify-chain', '--json');
  const { drifts, entries, records } = reportOf<{ drifts: readonly unknown[]; entries: number; records: number }>(
    'rebuild --check',
    rebuild,
  );
  const { problems } = reportOf<{ problems: readonly unknown[] }>('verify-chain', chain);
  return { drifts, chainProblems: problems, entries, records };
}

function reportOf<Report>(command: string, { how, output }: { readonly how: string; readonly output: string }): Report {
  const line = output
    .trim()
    .split('\n')
    .findLast((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`${command} ended with ${how} and said:\n${output.slice(-2_000)}`);
  return JSON.parse(line) as Report;
}

/** Resolves when a request would succeed. */
export async function ready(platform: Platform, what = 'the platform to be ready', timeoutMs = 40_000): Promise<void> {
  await waitFor(
    what,
    async () => {
      const { status, body } = await platform.anybody.get('/health/ready');
      if (status !== 200) throw new Error(JSON.stringify(body));
      return true;
    },
    timeoutMs,
  );
}
