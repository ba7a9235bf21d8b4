import { invariant } from '@tollgate/kernel';
import { withTransaction } from '@tollgate/persistence';
import type { Pool, PoolClient } from 'pg';

import { inTransaction, whileLocked } from '../../postgres/locked.ts';
import { orOutage } from '../../postgres/or-outage.ts';
import type { WebhookMessage } from '../../webhooks-out/domain/webhook-message.ts';
import { tellSubscribers } from '../../webhooks-out/postgres/tell-subscribers.ts';
import type { TopUpStore } from '../app/ports.ts';
import {
  afterRefusal,
  type AutoTopUp,
  type AutoTopUpChange,
  cleared,
  dayStartMs,
  mayBuy,
  monthStartMs,
  requestOf,
  type Spent,
  type TopUp,
  type TopUpChange,
} from '../domain/top-up.ts';
import { limitedMessage, pausedMessage, topUpMessage } from '../domain/top-up-messages.ts';
import {
  fromRowTerms,
  fromRowTopUp,
  type SpentRow,
  type TermsRow,
  type TopUpRow,
  viewOfTermsRow,
  viewOfTopUp,
} from './top-up-rows.ts';
import {
  changeTerms,
  dueTopUps,
  insertTopUp,
  lockTerms,
  lockTermsOf,
  lockTopUp,
  payerOfUser,
  putTerms,
  removeTerms,
  resumeTerms,
  saveTopUp,
  signTerms,
  spentOf,
  topUpById,
  topUpsPage,
  viewOfTerms,
  viewsOfTerms,
  watchedTerms,
} from './top-ups.sql.ts';

const bordersOf = (nowMs: number): readonly [Date, Date] => [
  new Date(dayStartMs(nowMs)),
  new Date(monthStartMs(nowMs)),
];
const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

/** `TopUpStore` on PostgreSQL. `lockPool`: the pool whose sessions lock purchases while they are worked on. */
export function topUpStore(pool: Pool, lockPool: Pool): TopUpStore {
  return {
    ...termsStore(pool),
    list: (query) => orOutage(() => page(pool, query)),
    watched: (after, limit, nowMs) =>
      orOutage(
        async () =>
          (
            await pool.query<Pick<TermsRow, 'account' | 'below' | 'version'>>(watchedTerms, [
              after ?? '',
              limit,
              new Date(nowMs),
            ])
          ).rows,
      ),
    begin: (seen, id, nowMs) => orOutage(() => withTransaction(pool, (tx) => begin(tx, seen, id, nowMs))),
    due: (nowMs, limit) =>
      orOutage(async () =>
        (await pool.query<{ id: string }>(dueTopUps, [new Date(nowMs), limit])).rows.map((row) => row.id),
      ),
    lock: (id, work) =>
      whileLocked(lockPool, id, (client) =>
        work({
          read: async () => {
            const { rows } = await orOutage(() => client.query<TopUpRow>(topUpById, [id]));
            invariant(rows[0] !== undefined, 'a locked top-up exists');
            return fromRowTopUp(rows[0]);
          },
          record: (decide, nowMs) => orOutage(() => inTransaction(client, () => record(client, id, decide, nowMs))),
        }),
      ),
    record: (id, decide, nowMs) => orOutage(() => withTransaction(pool, (tx) => record(tx, id, decide, nowMs))),
    find: (id) =>
      orOutage(async () => {
        const { rows } = await pool.query<TopUpRow>(topUpById, [id]);
        return rows[0] === undefined ? null : fromRowTopUp(rows[0]);
      }),
  };
}

/** Terms of wallets: what people set and see. */
function termsStore(pool: Pool): Pick<TopUpStore, 'put' | 'view' | 'views' | 'remove' | 'resume'> {
  const view = async (client: Pool | PoolClient, account: string, nowMs: number) => {
    const { rows } = await client.query<TermsRow & SpentRow>(viewOfTerms, [...bordersOf(nowMs), account]);
    return rows[0] === undefined ? null : viewOfTermsRow(rows[0], nowMs);
  };
  return {
    put: (terms, act, nowMs) =>
      orOutage(async () => {
        await pool.query(putTerms, [
          terms.account,
          terms.userId,
          terms.below,
          terms.units,
          terms.amountMinor,
          terms.currency,
          terms.dayMaxMinor,
          terms.monthMaxMinor,
          terms.failuresMax,
          act.by,
          act.address,
          new Date(nowMs),
        ]);
        const now = await view(pool, terms.account, nowMs);
        invariant(now !== null, 'terms that were put are there');
        return now;
      }),
    view: (account, nowMs) => orOutage(() => view(pool, account, nowMs)),
    views: ({ after, limit }, nowMs) =>
      orOutage(async () => {
        const values = [...bordersOf(nowMs), after ?? '', limit + 1];
        const { rows } = await pool.query<TermsRow & SpentRow>(viewsOfTerms, values);
        const items = rows.slice(0, limit).map((row) => viewOfTermsRow(row, nowMs));
        return { items, next: rows.length > limit ? (items.at(-1)?.account ?? null) : null };
      }),
    remove: (account, { by, address }, nowMs) =>
      orOutage(() =>
        withTransaction(pool, async (tx) => {
          await tx.query(signTerms, [account, by, address, new Date(nowMs)]);
          const last = await view(tx, account, nowMs);
          await tx.query(removeTerms, [account]);
          return last;
        }),
      ),
    resume: (account, { by, address }, nowMs) =>
      orOutage(() =>
        withTransaction(pool, async (tx) => {
          await tx.query(resumeTerms, [account, by, address, new Date(nowMs)]);
          return view(tx, account, nowMs);
        }),
      ),
  };
}

async function page(pool: Pool, query: Parameters<TopUpStore['list']>[0]): ReturnType<TopUpStore['list']> {
  const [at = null, id = null] = query.after?.split('/') ?? [];
  const { rows } = await pool.query<TopUpRow>(topUpsPage, [
    query.account ?? null,
    query.status ?? null,
    at,
    id,
    query.limit + 1,
  ]);
  const items = rows.slice(0, query.limit).map((row) => viewOfTopUp(fromRowTopUp(row)));
  const last = items.at(-1);
  return { items, next: rows.length > query.limit && last !== undefined ? `${last.created_at}/${last.id}` : null };
}

/** The row is locked before anything is decided, so that of any number of instances one begins. */
async function begin(
  tx: PoolClient,
  seen: Parameters<TopUpStore['begin']>[0],
  id: string,
  nowMs: number,
): Promise<boolean> {
  const auto = await locked(tx, seen.account);
  if (auto === null || auto.version !== seen.version) return false;
  const purchase = mayBuy(auto, await spentIn(tx, auto.account, nowMs), nowMs);
  if (purchase.do === 'wait') return false;
  if (purchase.do === 'limit') {
    const { reason, untilMs } = purchase;
    await change(tx, auto, { reason, nextTryMs: untilMs, waitsFor: 'ceiling' });
    await tellSubscribers(tx, [limitedMessage(auto, reason, untilMs, nowMs)]);
    return false;
  }
  const { rows } = await tx.query<{ customer_id: string | null; payment_method: string | null }>(payerOfUser, [
    auto.userId,
  ]);
  const [payer] = rows;
  if (payer === undefined || payer.customer_id === null || payer.payment_method === null) {
    await refuse(tx, auto, 'no_payment_method', nowMs);
    return false;
  }
  const { account, units, amountMinor, currency } = auto;
  const request = requestOf(
    { id, account, units, amountMinor, currency },
    { customerId: payer.customer_id, paymentMethod: payer.payment_method },
  );
  const { rowCount } = await tx.query(insertTopUp, [
    id,
    account,
    auto.userId,
    units,
    amountMinor,
    currency,
    seen.available,
    request,
    new Date(nowMs),
  ]);
  if (rowCount === 0) return false;
  await change(tx, auto, {});
  return true;
}

async function record(
  tx: PoolClient,
  id: string,
  decide: (topUp: TopUp) => TopUpChange | null,
  nowMs: number,
): Promise<boolean> {
  const [terms] = (await tx.query<TermsRow>(lockTermsOf, [id])).rows;
  const { rows } = await tx.query<TopUpRow>(lockTopUp, [id]);
  if (rows[0] === undefined) return false;
  const before = fromRowTopUp(rows[0]);
  const changes = decide(before);
  if (changes === null) return false;
  const after: TopUp = { ...before, ...changes, updatedMs: nowMs };
  await tx.query(saveTopUp, [
    id,
    after.status,
    after.reason,
    after.paymentIntent,
    after.attempts,
    after.unanswered,
    dateOf(after.paidMs),
    dateOf(after.appendedMs),
    dateOf(after.nextTryMs),
    new Date(nowMs),
  ]);
  if (after.status !== before.status) await ended(tx, after, terms === undefined ? null : fromRowTerms(terms), nowMs);
  return true;
}

/** What the end of a purchase means for the wallet's terms, and what subscribers hear of it. */
async function ended(tx: PoolClient, topUp: TopUp, auto: AutoTopUp | null, nowMs: number): Promise<void> {
  const message = topUpMessage(topUp, nowMs);
  if (message !== null) await tellSubscribers(tx, [message]);
  if (auto === null) return;
  if (topUp.status === 'failed') await refuse(tx, auto, topUp.reason ?? 'refused', nowMs, topUp.id);
  else if (topUp.status === 'succeeded') await change(tx, auto, cleared);
  // Money was taken and nothing was given: nothing more is taken until a person has looked at it.
  else if (topUp.status === 'unresolved')
    await pause(tx, auto, { reason: topUp.reason ?? 'unresolved', pausedMs: nowMs }, nowMs, topUp.id);
}

async function refuse(tx: PoolClient, auto: AutoTopUp, code: string, nowMs: number, topUp?: string): Promise<void> {
  const changes = afterRefusal(auto, code, nowMs);
  if (changes.pausedMs === null || changes.pausedMs === undefined) return change(tx, auto, changes);
  return pause(tx, auto, changes, nowMs, topUp);
}

async function pause(
  tx: PoolClient,
  auto: AutoTopUp,
  changes: AutoTopUpChange,
  nowMs: number,
  topUp?: string,
): Promise<void> {
  await change(tx, auto, changes);
  const message: WebhookMessage = pausedMessage({ ...auto, ...changes }, topUp ?? null, nowMs);
  await tellSubscribers(tx, [message]);
}

async function locked(tx: PoolClient, account: string): Promise<AutoTopUp | null> {
  const { rows } = await tx.query<TermsRow>(lockTerms, [account]);
  return rows[0] === undefined ? null : fromRowTerms(rows[0]);
}

async function spentIn(tx: PoolClient, account: string, nowMs: number): Promise<Spent> {
  const { rows } = await tx.query<SpentRow>(spentOf, [...bordersOf(nowMs), account]);
  return { dayMinor: rows[0]?.day_minor ?? 0n, monthMinor: rows[0]?.month_minor ?? 0n };
}

async function change(tx: PoolClient, auto: AutoTopUp, changes: AutoTopUpChange): Promise<void> {
  const after = { ...auto, ...changes };
  await tx.query(changeTerms, [
    auto.account,
    after.failures,
    after.reason,
    dateOf(after.pausedMs),
    dateOf(after.nextTryMs),
    after.waitsFor,
  ]);
}
