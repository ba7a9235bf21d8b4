import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { waitFor } from '@tollgate/testing';

import type { Client, Reply } from './client.ts';
import { type Platform, ready } from './platform.ts';

type Booked = { readonly entry: { readonly id: string }; readonly available: string };
type Spend = { readonly account: string; readonly key: string; readonly entry: string; readonly tries: number };

const granted = 1_000_000;
const accountsCount = 12;
const eventsAtOnce = 20;
/** As `Retry-After` asks for, shortened: the test waits for recoveries, not for its own pauses. */
const pauseMs = 100;

const loads = new Set<Tally>();

/** Ends every load of this file at once: for the end of a test, which may have failed before it stopped its own. */
export function abandonLoads(): void {
  for (const tally of loads) {
    tally.stopped = true;
    tally.abandoned = true;
  }
  loads.clear();
}

/** Everything that the load was told, and what it must find in the books. */
export type Load = {
  /** Answers so far: keyed spends, and events that the log holds. */
  acknowledged(): number;
  /** Waits for `more` further answers. */
  goesOn(what: string, options?: { readonly more?: number; readonly timeoutMs?: number }): Promise<void>;
  /** No new requests; each under way is sent again until it has an answer. */
  stop(): Promise<Findings>;
};

/** What the books and the answers say about each other; an honest platform leaves every list empty. */
export type Findings = {
  readonly spends: number;
  readonly events: number;
  readonly unkeyed: number;
  /** Answered, and not in the books. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** In the books under another entry than the answer named. */
  readonly otherEntry: readonly string[];
  readonly wrongBalances: readonly string[];
  /** Sent again with its key, and not given its first answer. */
  readonly otherAnswer: readonly string[];
  /** Answers that are neither success nor 503. */
  readonly unexpected: readonly string[];
};

type Tally = {
  readonly spends: Spend[];
  readonly events: string[];
  unkeyedBooked: number;
  unkeyedUnknown: number;
  readonly unexpected: string[];
  stopped: boolean;
  /** The test is over: not even answers under way are wanted. */
  abandoned: boolean;
};

/**
 * Clients that spend with keys, send events with ids and spend without keys, all the time. Those with a key or an id
 * send the same again until it is answered, as an SDK does.
 */
export async function startLoad(platform: Platform, run = `load-${randomUUID().slice(0, 8)}`): Promise<Load> {
  const { server } = platform;
  const accounts = Array.from({ length: accountsCount }, (_, index) => `${run}-${index}`);
  const unkeyedAccount = `${run}-unkeyed`;
  const tally: Tally = {
    spends: [],
    events: [],
    unkeyedBooked: 0,
    unkeyedUnknown: 0,
    unexpected: [],
    stopped: false,
    abandoned: false,
  };
  loads.add(tally);
  await ready(platform);
  await Promise.all([...accounts, unkeyedAccount].map((id) => openWallet(server, id, String(granted))));
  const accountOf = (turn: number): string => accounts[turn % accounts.length] ?? run;
  const workers = [
    ...Array.from({ length: 12 }, (_, number) =>
      keyedSpends(server, tally, { run: `${run}-k${number}`, accountOf: (turn) => accountOf(turn + number) }),
    ),
    ...Array.from({ length: 2 }, (_, number) => eventBatches(server, tally, { run: `${run}-e${number}`, accountOf })),
    ...Array.from({ length: 2 }, () => unkeyedSpends(server, tally, unkeyedAccount)),
  ];
  const acknowledged = (): number => tally.spends.length + tally.events.length;
  return {
    acknowledged,
    goesOn: async (what, { more = 300, timeoutMs = 30_000 } = {}) => {
      const wanted = acknowledged() + more;
      await waitFor(what, () => tally.unexpected.length > 0 || acknowledged() >= wanted, timeoutMs);
    },
    stop: async () => {
      tally.stopped = true;
      await Promise.all(workers);
      return findings(platform, tally, { accounts, unkeyedAccount });
    },
  };
}

/** Opens a wallet with its units, on a platform that is ready: nothing is sent again. */
export async function openWallet(server: Client, id: string, amount: string): Promise<void> {
  const opened = await server.post('/v1/accounts', { id, kind: 'wallet', unit: 'token' });
  const headers = { 'idempotency-key': `grant-${id}` };
  const granted = await server.post(
    `/v1/accounts/${encodeURIComponent(id)}/grants`,
    { amount, reason: 'for the test' },
    headers,
  );
  if (opened.status < 300 && granted.status === 201) return;
  throw new Error(`${id} was not opened: ${JSON.stringify([opened.body, granted.body])}`);
}

export const spendOf = (server: Client, account: string, key: string): Promise<Reply<Booked>> =>
  server.post<Booked>(`/v1/accounts/${account}/spend`, { amount: '1' }, { 'idempotency-key': key });

/** Sends the same again until it is answered by anything but 503. */
async function persist<Body>(
  send: () => Promise<Reply<Body>>,
  tally?: Tally,
): Promise<{ readonly reply: Reply<Body>; readonly tries: number }> {
  for (let tries = 1; ; tries++) {
    if (tally?.abandoned === true)
      return { reply: { status: 0, headers: new Headers(), body: 'abandoned' as Body }, tries };
    const reply = await send().catch(() => null);
    if (reply !== null && reply.status !== 503) return { reply, tries };
    await delay(pauseMs);
  }
}

async function keyedSpends(
  server: Client,
  tally: Tally,
  { run, accountOf }: { run: string; accountOf: (turn: number) => string },
): Promise<void> {
  for (let turn = 0; !tally.stopped; turn++) {
    const [account, key] = [accountOf(turn), `${run}-${turn}`];
    const { reply, tries } = await persist(() => spendOf(server, account, key), tally);
    if (reply.status === 200) tally.spends.push({ account, key, entry: reply.body.entry.id, tries });
    else tally.unexpected.push(`spend ${key}: ${reply.status} ${JSON.stringify(reply.body)}`);
  }
}

async function eventBatches(
  server: Client,
  tally: Tally,
  { run, accountOf }: { run: string; accountOf: (turn: number) => string },
): Promise<void> {
  for (let turn = 0; !tally.stopped; turn++) {
    const events = Array.from({ length: eventsAtOnce }, (_, index) => ({
      specversion: '1.0',
      id: `${run}-${turn}-${index}`,
      source: '/system-tests',
      type: 'request',
      subject: accountOf(turn + index),
      data: { quantity: 1 },
    }));
    const { reply } = await persist(
      () => server.post('/v1/events', events, { 'content-type': 'application/cloudevents-batch+json' }),
      tally,
    );
    if (reply.status === 202) tally.events.push(...events.map(({ id }) => id));
    else tally.unexpected.push(`events ${run}-${turn}: ${reply.status} ${JSON.stringify(reply.body)}`);
    await delay(pauseMs / 5);
  }
}

/** One try each: 200 counts, 503 must not count (rule 23), a lost connection tells nothing. */
async function unkeyedSpends(server: Client, tally: Tally, account: string): Promise<void> {
  while (!tally.stopped) {
    const reply = await server.post(`/v1/accounts/${account}/spend`, { amount: '1' }).catch(() => null);
    if (reply === null) tally.unkeyedUnknown++;
    else if (reply.status === 200) tally.unkeyedBooked++;
    else if (reply.status !== 503)
      tally.unexpected.push(`spend without a key: ${reply.status} ${JSON.stringify(reply.body)}`);
    if (reply?.status !== 200) await delay(pauseMs);
  }
}

type Row = { readonly id: string; readonly account: string; readonly request_id: string };
const spentRows = `
  select e.partition || '-' || e.partition_seq as id, a.id as account, e.request_id
    from ledger.entries e join ledger.accounts a using (partition, account)
   where a.id = any($1) and e.kind = 4 and e.amount <> 0`;
const retriesChecked = 60;

async function findings(
  platform: Platform,
  tally: Tally,
  of: { readonly accounts: readonly string[]; readonly unkeyedAccount: string },
): Promise<Findings> {
  // Accepted events are booked behind their answer.
  const books = await waitFor(
    'all accepted events to be booked',
    async () => {
      const found = booksOf(await platform.rows<Row>(spentRows, [of.accounts]));
      return tally.events.every((id) => found.has(id)) ? found : undefined;
    },
    20_000,
  ).catch(async () => booksOf(await platform.rows<Row>(spentRows, [of.accounts])));

  const answered = [...tally.events, ...tally.spends.map(({ key }) => key)];
  const repeated = tally.spends.filter(({ tries }) => tries > 1).slice(-retriesChecked);
  const again = [...repeated, ...tally.spends.slice(-retriesChecked)];
  return {
    spends: tally.spends.length,
    events: tally.events.length,
    unkeyed: tally.unkeyedBooked,
    lost: answered.filter((id) => !books.has(id)),
    doubled: [...books].filter(([, rows]) => rows.length > 1).map(([id]) => id),
    otherEntry: tally.spends.filter(({ key, entry }) => books.get(key)?.[0]?.id !== entry).map(({ key }) => key),
    wrongBalances: [
      ...(await wrongBalances(platform, books, of.accounts)),
      ...(await wrongUnkeyed(platform, tally, of.unkeyedAccount)),
    ],
    otherAnswer: (await Promise.all(again.map((spend) => answersOtherwise(platform.server, spend)))).filter(
      (text) => text !== '',
    ),
    unexpected: tally.unexpected.slice(0, 5),
  };
}

function booksOf(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const books = new Map<string, Row[]>();
  for (const row of rows) books.set(row.request_id, [...(books.get(row.request_id) ?? []), row]);
  return books;
}

const balanceOf = async (server: Client, id: string): Promise<number> =>
  Number((await server.get<{ balance: string }>(`/v1/accounts/${id}`)).body.balance);

async function wrongBalances(
  { server }: Platform,
  books: ReadonlyMap<string, readonly Row[]>,
  accounts: readonly string[],
): Promise<readonly string[]> {
  const spent = new Map<string, number>();
  for (const { account } of [...books.values()].flat()) spent.set(account, (spent.get(account) ?? 0) + 1);
  const checked = await Promise.all(
    accounts.map(async (id) => {
      const [balance, expected] = [await balanceOf(server, id), granted - (spent.get(id) ?? 0)];
      return balance === expected ? '' : `${id}: ${balance}, the entries say ${expected}`;
    }),
  );
  return checked.filter((text) => text !== '');
}

/** What was answered 200 is booked, what was answered 503 is withdrawn, at once or within moments of the recovery. */
async function wrongUnkeyed({ server }: Platform, tally: Tally, account: string): Promise<readonly string[]> {
  const most = granted - tally.unkeyedBooked;
  let balance = NaN;
  const right = async (): Promise<boolean> => {
    balance = await balanceOf(server, account);
    return balance <= most && balance >= most - tally.unkeyedUnknown;
  };
  const settled = await waitFor('withdrawals', right, 10_000).catch(() => false);
  return settled ? [] : [`${account}: ${balance}, the answers say ${most - tally.unkeyedUnknown} to ${most}`];
}

async function answersOtherwise(server: Client, { account, key, entry }: Spend): Promise<string> {
  const { reply } = await persist(() => spendOf(server, account, key));
  const same =
    reply.status === 200 && reply.headers.get('idempotent-replay') === 'true' && reply.body.entry.id === entry;
  return same ? '' : `${key}: ${reply.status} ${JSON.stringify(reply.body)}`;
}

/** A platform that kept all its promises. */
export const nothingWrong = {
  lost: [],
  doubled: [],
  otherEntry: [],
  wrongBalances: [],
  otherAnswer: [],
  unexpected: [],
} as const;
