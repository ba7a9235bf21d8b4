import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { partitionOf } from '@tollgate/kernel';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';

type Row = Record<string, unknown>;
let platform: EmbeddedPlatform;
let folder: string;
let month: string;
/** In the same partition, so that one chain of seals has the entries of both. */
const neighbour =
  Array.from({ length: 10_000 }, (_, number) => `next-door-${number}`).find(
    (user) => partitionOf(`metered:${user}`, 64) === partitionOf('metered:ada', 64),
  ) ?? '';
const bundle = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-audit-'));
  platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1' });
  await liveOneMonth();
}, 120_000);
afterAll(async () => {
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const now = async (): Promise<Date> =>
  new Date((await platform.server.get<{ now: string }>('/v1/test-clock')).body.now);
const post = async (path: string, body: unknown): Promise<Row> => {
  const { status, body: answer } = await platform.server.post<Row>(path, body);
  if (status >= 300) throw new Error(`${path} was answered ${status}: ${JSON.stringify(answer)}`);
  return answer;
};
const use = (userId: string, tokensUsed: number): Promise<Row> =>
  post('/api/token-billing/process-usage', { userId, tokensUsed, metadata: { note: `of ${userId}` } });
const rows = async (view: string, user = 'ada'): Promise<readonly Row[]> =>
  (
    await platform.server.get<{ data: { items: readonly Row[] } }>(`/api/admin/billing/finance/${view}`)
  ).body.data.items.filter((row) => row['user_id'] === user);

/**
 * Two customers: blocks paid, one credited after a correction, a fee, usage that comes late; and a wallet with rated
 * usage.
 */
async function liveOneMonth(): Promise<void> {
  const { server } = platform;
  const before = await now();
  await post('/v1/test-clock/advance', {
    seconds:
      Math.ceil((Date.UTC(before.getUTCFullYear(), before.getUTCMonth() + 1, 1) - before.getTime()) / 1000) + 3_600,
  });
  month = (await now()).toISOString().slice(0, 7);
  for (const user of ['ada', neighbour]) {
    const { body } = await server.put<{ customer_id: string }>(`/api/admin/billing/customers/${user}`, {
      payment_method: 'pm_card_visa',
    });
    await post('/api/token-billing/create-subscription', { customerId: body.customer_id });
    await use(user, 9_000_000);
    await use(user, 8_000_000);
  }
  await waitFor(
    'the payments',
    async () => (await rows('payments')).length === 2 && (await rows('fees')).some((row) => row['status'] === 'paid'),
    30_000,
  );
  const {
    body: { items },
  } = await server.get<{ items: readonly { id: string; kind: string }[] }>('/v1/accounts/metered%3Aada/entries');
  await post(`/v1/entries/${items.find(({ kind }) => kind === 'spent')?.id}/correct`, {
    reason: 'counted twice',
    amount: '8000000',
  });
  await waitFor(
    'the credit',
    async () => (await rows('refunds')).length === 1 && (await rows('credit_notes')).length === 1,
  );

  await post('/v1/accounts', { id: 'w', kind: 'wallet', unit: 'token' });
  await post('/v1/accounts/w/grants', { amount: '1000', reason: 'invoice 118' });
  await post('/v1/accounts/w/spend', { usage: { model: 'm-1', input_tokens: 800, output_tokens: 402 } });

  const then = await now();
  await post('/v1/test-clock/advance', {
    seconds: Math.ceil((Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 1) - then.getTime()) / 1000) + 60,
  });
  const late = {
    specversion: '1.0',
    id: 'late',
    source: 'spec',
    subject: 'metered:ada',
    type: 'request',
    time: then.toISOString(),
    data: { quantity: 5 },
  };
  expect(
    (
      await server.raw('/v1/events?wait=booked', JSON.stringify(late), {
        'content-type': 'application/cloudevents+json',
      })
    ).status,
  ).toBe(200);
}

const make = (account: string, name: string) =>
  platform.cli('audit-bundle', '--account', account, '--period', month, '--out', bundle(name));
/** As an auditor runs it: without our modules. */
const verify = (name: string): Promise<{ readonly code: number; readonly output: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [join(bundle(name), 'verify.mjs')], { cwd: tmpdir(), env: {} }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: `${out}${err}` }),
    );
  });
const linesOf = (name: string, file: string): readonly Row[] =>
  readFileSync(join(bundle(name), file), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Row);
/** A copy of the bundle in which one file is another; `summed`: with sums made for it, as a forger would. */
function forged(from: string, file: string, change: (bytes: Buffer) => Buffer | string, summed = false): string {
  const name = `${from}-forged`;
  rmSync(bundle(name), { recursive: true, force: true });
  cpSync(bundle(from), bundle(name), { recursive: true });
  const path = join(bundle(name), file);
  const bytes = Buffer.from(change(readFileSync(path)));
  writeFileSync(path, bytes);
  if (summed) {
    const sums = join(bundle(name), 'SHA256SUMS');
    writeFileSync(
      sums,
      readFileSync(sums, 'utf8').replace(
        new RegExp(`^[0-9a-f]{64}(?=  ${file.replace('.', '\\.')}$)`, 'm'),
        createHash('sha256').update(bytes).digest('hex'),
      ),
    );
  }
  return name;
}
const replaced =
  (a: string | RegExp, b: string) =>
  (bytes: Buffer): string => {
    const text = bytes.toString();
    const other = text.replace(a, b);
    if (other === text) throw new Error(`there is no ${String(a)} to forge`);
    return other;
  };

describe('an audit bundle', () => {
  // Guarantee: an auditor who trusts nobody recomputes a customer's month from the bundle alone.
  it('holds a month with its money, and verifies without anything of ours', async () => {
    expect(await make('metered:ada', 'ada')).toMatchObject({ how: 'exit code 0' });
    expect(await verify('ada')).toEqual({ code: 0, output: expect.stringContaining('The bundle holds.') });
    const entries = linesOf('ada', 'entries.jsonl');
    expect(
      entries
        .filter(({ kind }) => kind !== 'opened')
        .map(({ kind, amount, balance_after: after }) => `${String(kind)} ${String(amount)} ${String(after)}`),
    ).toEqual(['spent -9000000 -9000000', 'spent -8000000 -17000000', 'corrected 8000000 -9000000']);
    expect(linesOf('ada', 'later.jsonl').map(({ amount }) => amount)).toEqual(['-5']);
    expect(JSON.parse(readFileSync(join(bundle('ada'), 'manifest.json'), 'utf8'))).toMatchObject({
      account: 'metered:ada',
      period: month,
      closing: { balance: '-9000000' },
      sums: {
        charges: { BRL: '20000' },
        payments: { BRL: '20000' },
        credit_notes: { BRL: '10000' },
        refunds: { BRL: '10000' },
        fees: { BRL: '40000' },
        top_ups: {},
      },
    });
    expect(linesOf('ada', 'charges.jsonl').every((row) => /^pi_/.test(String(row['payment_intent'])))).toBe(true);
    expect(linesOf('ada', 'checkpoints.jsonl').length).toBeGreaterThan(0);
    expect(readFileSync(join(bundle('ada'), 'README.md'), 'utf8')).toContain(`# Audit bundle of metered:ada, ${month}`);
  }, 60_000);

  it('explains each rated amount of a wallet, and needs no more seals than those over its entries', async () => {
    expect(await make('w', 'w')).toMatchObject({ how: 'exit code 0' });
    expect((await verify('w')).code).toBe(0);
    // 402 output tokens, four to a unit, rounded up.
    const few = await platform.cli(
      'audit-bundle',
      '--account',
      'metered:ada',
      '--period',
      month,
      '--max-seals',
      '0',
      '--out',
      bundle('few'),
    );
    expect([few.how, await verify('few')]).toEqual([
      'exit code 0',
      { code: 0, output: expect.stringContaining('only those over these entries are in the bundle') },
    ]);
    expect(new Set(linesOf('few', 'proofs.jsonl').map(({ seal }) => seal)).size).toBe(
      linesOf('few', 'seals.jsonl').length,
    );
    expect(linesOf('w', 'explanations.jsonl').map(({ result }) => result)).toEqual(['-101']);
  }, 60_000);

  it('says nothing of another account', () => {
    for (const name of readdirSync(bundle('ada')))
      expect([name, readFileSync(join(bundle('ada'), name), 'utf8')]).toEqual([
        name,
        expect.not.stringContaining(neighbour),
      ]);
    expect(linesOf('ada', 'entries.jsonl').every(({ account }) => account === 'metered:ada')).toBe(true);
  });

  it('fails with one byte changed in any file, and says in which', async () => {
    const files = readdirSync(bundle('ada'));
    expect(files).toHaveLength(19);
    for (const from of ['ada', 'w']) {
      for (const file of files) {
        const flipped = (bytes: Buffer): Buffer => {
          if (bytes.length === 0) return Buffer.from('\n');
          const other = Buffer.from(bytes);
          const at = Math.floor(bytes.length / 2);
          other[at] = other[at] === 0x31 ? 0x32 : 0x31;
          return other;
        };
        const { code, output } = await verify(forged(from, file, flipped));
        expect([file, code]).toEqual([file, 1]);
        if (file !== 'verify.mjs') expect(output).toContain('WRONG: ');
        if (file !== 'verify.mjs' && file !== 'SHA256SUMS') expect(output).toContain(`WRONG: ${file}`);
      }
    }
  }, 120_000);

  // Guarantee: sums made anew hide no change of what was sealed.
  it('fails although its sums were made anew, at the entry, seal, word or charge that was changed', async () => {
    const [first] = linesOf('ada', 'entries.jsonl').filter(({ kind }) => kind === 'spent');
    const forgeries: readonly (readonly [
      bundle: string,
      file: string,
      a: string | RegExp,
      b: string,
      place: string,
    ])[] = [
      [
        'ada',
        'entries.jsonl',
        '"amount":"-9000000"',
        '"amount":"-8000000"',
        `entry ${String(first?.['id'])}: amount is not what was sealed`,
      ],
      ['ada', 'entries.jsonl', /.*"amount":"-8000000".*\n/, '', 'entries are missing'],
      ['ada', 'boundaries.jsonl', '"amount":"-5"', '"amount":"-4"', 'boundaries.jsonl line 1: entry'],
      ['ada', 'later.jsonl', '"amount":"-5"', '"amount":"-4"', 'amount is not what was sealed'],
      ['ada', 'proofs.jsonl', '\\"-9000000\\",', '\\"-8000000\\",', 'the hash of its leaf is another'],
      ['ada', 'proofs.jsonl', /"leaf_index":(\d+)/, '"leaf_index":9$1', 'its place in seal'],
      ['ada', 'seals.jsonl', /"to_seq":"(\d+)"/, '"to_seq":"9$1"', 'seals.jsonl line 1: the seal was changed'],
      ['ada', 'checkpoints.jsonl', /"root":"../, '"root":"zz', 'is not the one that was published'],
      ['ada', 'words.jsonl', 'of ada', 'of eve', 'are not those that were sealed'],
      ['ada', 'charges.jsonl', '"block":"2"', '"block":"3"', 'is not that of its account, month and block'],
      ['ada', 'payments.jsonl', '"amount_minor":"10000"', '"amount_minor":"90000"', 'payments.jsonl: adds up to'],
      ['ada', 'manifest.json', '"balance": "-9000000"', '"balance": "-9000001"', 'manifest.json: closes with'],
      ['ada', 'fees.jsonl', /.*\n$/, '', 'fees.jsonl: has 0 lines'],
      ['w', 'explanations.jsonl', '"result":"-101"}', '"result":"-102"}', 'not as explained'],
    ];
    for (const [from, file, a, b, place] of forgeries) {
      const { code, output } = await verify(forged(from, file, replaced(a, b), true));
      expect([file, code, output]).toEqual([file, 1, expect.stringContaining(place)]);
      expect(output).not.toContain('WRONG: SHA256SUMS');
    }
  }, 60_000);

  // Guarantee: nobody leaves out the end of a month, however consistently.
  it('fails when its last entry was left out everywhere', async () => {
    const last = linesOf('ada', 'entries.jsonl').at(-1)!;
    const before = linesOf('ada', 'entries.jsonl').at(-2)!;
    const name = forged('ada', 'entries.jsonl', (bytes) => `${bytes.toString().split('\n').slice(0, -2).join('\n')}\n`);
    const at = (file: string): string => join(bundle(name), file);
    writeFileSync(
      at('proofs.jsonl'),
      readFileSync(at('proofs.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => !line.startsWith(`{"entry":"${String(last['id'])}"`))
        .join('\n'),
    );
    writeFileSync(
      at('words.jsonl'),
      readFileSync(at('words.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => !line.startsWith(`{"entry":"${String(last['id'])}"`))
        .join('\n'),
    );
    const manifest = JSON.parse(readFileSync(at('manifest.json'), 'utf8')) as { lines: Record<string, number> };
    for (const file of ['entries', 'proofs', 'words']) manifest.lines[file] = linesOf(name, `${file}.jsonl`).length;
    writeFileSync(
      at('manifest.json'),
      JSON.stringify({ ...manifest, closing: { seq: before['seq'], balance: before['balance_after'] } }),
    );
    writeFileSync(
      at('SHA256SUMS'),
      readdirSync(bundle(name))
        .filter((file) => file !== 'SHA256SUMS')
        .map(
          (file) =>
            `${createHash('sha256')
              .update(readFileSync(at(file)))
              .digest('hex')}  ${file}\n`,
        )
        .join(''),
    );
    const { code, output } = await verify(name);
    expect([code, output]).toEqual([1, expect.stringContaining('boundaries.jsonl line 1: entry')]);
    expect(output.match(/WRONG/g)).toHaveLength(1);
  });

  it('covers a quiet month too, also with the platform stopped; it replaces none and needs an account', async () => {
    await platform.program.stop();
    const quiet = await platform.cli('audit-bundle', '--account', 'w', '--period', '2020-01', '--out', bundle('quiet'));
    expect(quiet.how).toBe('exit code 0');
    expect((await verify('quiet')).code).toBe(0);
    const next = new Date(Date.parse(`${month}-15T00:00:00Z`) + 31 * 86_400_000).toISOString().slice(0, 7);
    expect((await platform.cli('audit-bundle', '--account', 'w', '--period', next, '--out', bundle('next'))).how).toBe(
      'exit code 0',
    );
    expect(await verify('next')).toEqual({
      code: 0,
      output: expect.stringContaining('balances from 899 to 899 token'),
    });
    expect(linesOf('next', 'boundaries.jsonl').map(({ seq, kind }) => `${String(seq)} ${String(kind)}`)).toEqual([
      '3 spent',
    ]);
    expect(await make('metered:ada', 'ada')).toMatchObject({
      how: 'exit code 1',
      output: expect.stringContaining('is not empty'),
    });
    expect(await make('metered:nobody', 'nobody')).toMatchObject({
      how: 'exit code 1',
      output: expect.stringContaining('there is no account metered:nobody'),
    });
    expect(existsSync(bundle('nobody'))).toBe(false);
  }, 60_000);
});
