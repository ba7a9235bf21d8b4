import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { newPerson } from './harness/people.ts';
import { checkBooks, type Platform } from './harness/platform.ts';

/** A word that stands nowhere but in what this spec says. */
const word = 'Zanzibarkonfekt';
type Erasure = {
  readonly erased: Readonly<Record<string, number>>;
  readonly proofs: { readonly seals: number; readonly problems: readonly string[] };
  readonly prune: readonly { readonly partition: number; readonly before: string }[];
};

/** Tables of any schema in which the word stands, as text or as bytes. */
async function tablesWith(platform: Platform, text: string): Promise<readonly string[]> {
  const tables = await platform.rows<{ name: string }>(
    "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_type = " +
      "'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')",
  );
  const looks = tables.map(
    ({ name }) =>
      `select '${name}' as name where exists (select from ${name} t where t::text ilike $1 or t::text ilike $2)`,
  );
  const found = await platform.rows<{ name: string }>(looks.join(' union all '), [
    `%${text}%`,
    `%${Buffer.from(text).toString('hex')}%`,
  ]);
  return found.map(({ name }) => name).sort();
}

/** Erasing what was said of a person, with every copy. */
export function erasesWords(platform: () => Platform): void {
  describe('what a user said', () => {
    // Guarantee (rule 29): a person can be forgotten; the books, their proofs and what is owed stay as they are.
    it('is gone from every table after an erasure; amounts, ids and proofs stay, nothing counts twice', async () => {
      const { server, anybody } = platform();
      const login = { email: `${word}@example.org`, password: 'correct horse battery' };
      const { body: made } = await anybody.post<{ data: { id: string } }>('/api/auth/register', {
        ...login,
        name: word,
      });
      const id = made.data.id;
      const { body: key } = await server.post<{ data: { license_key: string } }>('/api/admin/license-keys', {
        token_balance: 5,
      });
      const { body: session } = await anybody.post<{ access_token: string }>('/api/auth/login', login);
      const user = anybody.with({ authorization: `Bearer ${session.access_token}` });
      await user.post('/api/user/assign-license', { license_key: key.data.license_key });
      await user.post(`/api/user/license-keys/${key.data.license_key}/use-token`, {
        purpose: `${word} one`,
        metadata: { note: word },
      });
      await server.post('/api/token-billing/process-usage', {
        userId: id,
        tokensUsed: 9_000_000,
        operationType: word,
        clientId: word,
        metadata: { note: word },
      });
      await platform().rows(
        'select record_token_consumption($1, 1, $2, $2, $3::jsonb)',
        [id, word, JSON.stringify({ note: word })],
        ['set role tollgate_producer'],
      );
      await user.post('/api/projects/start-workflow', { projectId: word }, { 'idempotency-key': `${id}-work` });
      const summary = async (): Promise<unknown> =>
        (await server.get<{ data: unknown }>(`/api/token-billing/user-summary/${id}`)).body.data;
      await waitFor('the usage of SQL', async () => JSON.stringify(await summary()).includes('9000001'), 20_000);
      const entries = async () =>
        (
          await server.get<{ items: readonly Record<string, unknown>[] }>(
            `/v1/accounts/${encodeURIComponent(`metered:${id}`)}/entries`,
          )
        ).body.items;
      const amounts = (items: readonly Record<string, unknown>[]): unknown =>
        items.map(({ details: _, ...rest }) => rest);
      const [before, money] = [await entries(), await summary()];
      const entry = String(before[0]?.['id']);
      const proof = await waitFor('a proof', async () => {
        const { status, body } = await server.get(`/v1/entries/${entry}/proof`);
        return status === 200 ? body : undefined;
      });
      expect(await tablesWith(platform(), word)).toEqual(
        expect.arrayContaining(['gateway.consumption_queue', 'gateway.operations', 'gateway.users', 'ledger.details']),
      );

      const { how, output } = await platform().cli('erase', '--user', id, '--json');
      expect(how).toBe('exit code 0');
      const erasure = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Erasure;

      expect(erasure).toMatchObject({
        proofs: { problems: [] },
        erased: { operations: 1, logins: 1, queued_usage: 1 },
      });
      expect(erasure.erased['entries']).toBeGreaterThanOrEqual(3);
      expect(erasure.proofs.seals).toBeGreaterThan(0);
      expect((await tablesWith(platform(), word)).filter((table) => !table.startsWith('log.'))).toEqual([]);
      expect(amounts(await entries())).toEqual(amounts(before));
      expect(JSON.stringify(await entries())).not.toContain(word);
      expect(await summary()).toEqual(money);
      expect((await server.get(`/v1/entries/${entry}/proof`)).body).toEqual(proof);
      expect((await anybody.post('/api/auth/login', login)).status).toBe(401);
      expect((await user.get('/api/user/usage')).status).toBe(401);
      const positions = await platform().rows<{ partition: number; next: string }>(
        'select partition, (next_offset - log_base)::text as next from ledger.positions',
      );
      expect(erasure.prune.length).toBeGreaterThan(0);
      for (const { partition, before: offset } of erasure.prune)
        expect(Number(positions.find((one) => one.partition === partition)?.next)).toBeGreaterThanOrEqual(
          Number(offset),
        );

      const again = await server.post<Erasure>('/v1/erasures', { user: id });
      expect(again).toMatchObject({
        status: 200,
        body: { proofs: { problems: [] }, erased: { entries: 0, operations: 0, logins: 0, queued_usage: 0 } },
      });
      expect(again.body.proofs.seals).toBeGreaterThan(0);
      expect(await checkBooks(platform())).toMatchObject({ chainProblems: [] });
    });

    // Guarantee: an erased answer is no reason to do the work, and charge for it, again.
    it('is no longer told to a repeat, which does nothing twice', async () => {
      const { client, id } = await newPerson(platform());
      const work = () =>
        client.post('/api/projects/start-workflow', { projectId: 'p' }, { 'idempotency-key': `${id}-erased` });
      const first = await work();
      const left = async (): Promise<unknown> =>
        (await client.get<{ data: { credits: number } }>('/api/user/usage')).body.data.credits;
      const credits = await left();
      expect((await platform().server.post('/v1/erasures', { account: `credits:${id}` })).body).toMatchObject({
        erased: { operations: 1, logins: 0 },
      });
      expect([first.status, (await work()).status, await left()]).toEqual([200, 409, credits]);
    });

    it('is erased by administrators only, of one account or one user', async () => {
      const { server, anybody } = platform();
      expect((await anybody.post('/v1/erasures', { user: 'x' })).status).toBe(401);
      const made = await server.post<{ key: string }>('/v1/api-keys', {
        scopes: ['accounts:write', 'accounts:read', 'events:write', 'billing:read'],
      });
      expect(
        (await anybody.with({ 'x-server-api-key': made.body.key }).post('/v1/erasures', { user: 'x' })).status,
      ).toBe(403);
      for (const body of [{}, { user: 'x', account: 'y' }, { user: '' }, { user: 1 }])
        expect((await server.post('/v1/erasures', body)).status).toBe(400);
      expect((await server.post('/v1/erasures', { account: 'never-opened' })).body).toMatchObject({
        accounts: [],
        erased: { entries: 0 },
        prune: [],
      });
      // Who misspells an id must not believe that something was erased.
      const misspelt = await platform().cli('erase', '--account', 'never-opened');
      expect([misspelt.how, misspelt.output]).toEqual([
        'exit code 1',
        expect.stringContaining('nothing is known of the account never-opened'),
      ]);
    });
  });
}
