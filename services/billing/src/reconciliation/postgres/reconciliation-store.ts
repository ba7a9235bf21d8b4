import type { DifferenceView, ReconciliationView } from '@tollgate/contracts';
import { invariant } from '@tollgate/kernel';
import { withTransaction } from '@tollgate/persistence';
import type { Pool, PoolClient } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import {
  type Page,
  type ReconcileRun,
  type ReconcileStep,
  reconcileSteps,
  type ReconcileStore,
} from '../app/reconcile-ports.ts';
import { type Fix, fixWords } from '../domain/difference.ts';
import { acknowledging } from './acknowledgements.ts';
import { toFacts } from './reconciliation-facts.ts';
import { reconciliationReads } from './reconciliation-reads.ts';
import {
  abandonRun,
  differencesPage,
  forgetFound,
  insertRun,
  keepDifferences,
  keepFound,
  keepOutcomes,
  moveRun,
  noteTrouble,
  runById,
  runningOfPeriod,
  runningRuns,
  runView,
  tryLockRun,
  unlockRun,
} from './reconciliations.sql.ts';

type RunRow = {
  readonly id: string;
  readonly period: string;
  readonly from_at: Date;
  readonly to_at: Date;
  readonly starts_from: Date;
  readonly starts_to: Date;
  readonly fix: boolean;
  readonly state: ReconciliationView['state'];
  readonly step: string;
  readonly cursor: string | null;
  readonly version: number;
  readonly read: bigint;
  readonly expected: bigint;
  readonly under_way: bigint;
  readonly trouble: string | null;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly differences: bigint;
  readonly fixed: bigint;
  readonly acknowledged: bigint;
};
type DifferenceRow = {
  readonly number: bigint;
  readonly kind: string;
  readonly reference: string;
  readonly charge_id: string | null;
  readonly payment_intent: string | null;
  readonly account: string | null;
  readonly reason: string;
  readonly fix: Fix | null;
  readonly proposal: string | null;
  readonly outcome: DifferenceView['outcome'];
  readonly actor: string | null;
  readonly why: string | null;
  readonly at: Date | null;
  readonly until: Date | null;
};

/** `ReconcileStore` on PostgreSQL. Loss of the database is AppError('unavailable'). */
export function reconciliationStore(pool: Pool): ReconcileStore {
  return {
    begin: (month, { id, fix, fresh, nowMs }) =>
      orOutage(() =>
        withTransaction(pool, async (tx) => {
          if (fresh) await tx.query(abandonRun, [month.period, new Date(nowMs)]);
          const borders = [month.moments.startMs, month.moments.endMs, month.starts.startMs, month.starts.endMs].map(
            (ms) => new Date(ms),
          );
          await tx.query(insertRun, [id, month.period, ...borders, fix, new Date(nowMs)]);
          const {
            rows: [row],
          } = await tx.query<{ id: string }>(runningOfPeriod, [month.period, fix]);
          invariant(row !== undefined, 'a run that was begun is under way');
          return row.id;
        }),
      ),
    lock: (work) => lockRun(pool, work),
    running: (id) =>
      orOutage(async () => {
        const {
          rows: [row],
        } = await pool.query<RunRow>(runById, [id]);
        return row?.state === 'running' ? fromRow(row) : null;
      }),
    advance: (run, page, nowMs) => orOutage(() => withTransaction(pool, (tx) => advance(tx, { run, page, nowMs }))),
    trouble: (id, text, failed, nowMs) =>
      orOutage(async () => void (await pool.query(noteTrouble, [id, text, failed, new Date(nowMs)]))),
    view: (id, nowMs) =>
      orOutage(async () => {
        const {
          rows: [row],
        } = await pool.query<RunRow>(runView, [id, new Date(nowMs)]);
        return row === undefined ? null : toView(row);
      }),
    differences: (id, { after, limit, nowMs }) =>
      orOutage(async () =>
        (await pool.query<DifferenceRow>(differencesPage, [id, new Date(nowMs), after, limit])).rows.map(toDifference),
      ),
    ...acknowledging(pool),
    ...reconciliationReads(pool),
  };
}

/** The first run that no other session has locked. */
async function lockRun(pool: Pool, work: (id: string) => Promise<void>): Promise<boolean> {
  const { rows } = await orOutage(() => pool.query<{ id: string }>(runningRuns));
  for (const { id } of rows) {
    const client = await orOutage(() => pool.connect());
    let broken = true;
    try {
      const ours = (await orOutage(() => client.query<{ ours: boolean }>(tryLockRun, [id]))).rows[0]?.ours === true;
      if (ours) {
        await work(id);
        await client.query(unlockRun, [id]);
      }
      broken = false;
      if (ours) return true;
    } finally {
      // If the lock may still be held, the session is closed, which releases it.
      client.release(broken);
    }
  }
  return false;
}

/** Stores a whole page, or nothing when another instance has advanced the run. */
async function advance(
  tx: PoolClient,
  {
    run,
    page,
    nowMs,
  }: {
    readonly run: ReconcileRun;
    readonly page: Page & { readonly step: ReconcileStep | 'end' };
    readonly nowMs: number;
  },
): Promise<void> {
  const { found = [], differences = [], outcomes = [] } = page;
  const moved = await tx.query(moveRun, [
    run.id,
    run.version,
    page.step,
    page.next,
    page.read,
    page.underWay ?? 0,
    new Date(nowMs),
  ]);
  if (moved.rowCount === 0) return;
  if (found.length > 0) {
    const rows = found.map(toFacts);
    await tx.query(keepFound, [
      run.id,
      found.map(({ kind }) => kind),
      rows.map(({ id }) => id),
      rows.map(({ chargeId }) => chargeId),
      rows.map(({ facts }) => JSON.stringify(facts)),
    ]);
  }
  if (differences.length > 0) {
    await tx.query(keepDifferences, [
      run.id,
      differences.map(({ kind }) => kind),
      differences.map(({ reference }) => reference),
      differences.map(({ chargeId }) => chargeId),
      differences.map(({ paymentIntent }) => paymentIntent),
      differences.map(({ account }) => account),
      differences.map(({ reason }) => reason),
      differences.map(({ fix }) => fix),
      differences.map(({ proposal }) => proposal),
    ]);
  }
  if (outcomes.length > 0)
    await tx.query(keepOutcomes, [
      run.id,
      outcomes.map(({ number }) => number),
      outcomes.map(({ outcome }) => outcome),
    ]);
  if (page.step === 'end') await tx.query(forgetFound, [run.id]);
}

const isStep = (text: string): text is ReconcileStep => (reconcileSteps as readonly string[]).includes(text);

function fromRow(row: RunRow): ReconcileRun {
  const { id, period, fix, step, cursor, version } = row;
  invariant(isStep(step), `a run that is under way is at a step, not at ${step}`);
  return {
    id,
    period,
    fix,
    step,
    cursor,
    version,
    moments: { startMs: row.from_at.getTime(), endMs: row.to_at.getTime() },
    starts: { startMs: row.starts_from.getTime(), endMs: row.starts_to.getTime() },
  };
}

const toView = (row: RunRow): ReconciliationView => ({
  id: row.id,
  period: row.period,
  from: row.from_at.toISOString(),
  to: row.to_at.toISOString(),
  fix: row.fix,
  state: row.state,
  step: row.step,
  done: Number(row.read),
  expected: Number(row.expected),
  trouble: row.trouble,
  differences: Number(row.differences),
  fixed: Number(row.fixed),
  acknowledged: Number(row.acknowledged),
  remaining: Number(row.differences - row.fixed - row.acknowledged),
  under_way: Number(row.under_way),
  started_at: row.started_at.toISOString(),
  finished_at: row.finished_at?.toISOString() ?? null,
});

const toDifference = (row: DifferenceRow): DifferenceView => ({
  number: String(row.number),
  kind: row.kind,
  reference: row.reference,
  charge_id: row.charge_id,
  payment_intent: row.payment_intent,
  account: row.account,
  reason: row.reason,
  fix: row.fix === null ? null : fixWords[row.fix],
  proposal: row.proposal,
  outcome: row.outcome,
  acknowledged:
    row.until === null
      ? null
      : { by: row.actor ?? '', reason: row.why ?? '', at: row.at?.toISOString() ?? '', until: row.until.toISOString() },
});
