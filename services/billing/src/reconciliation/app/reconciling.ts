import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { ReconcileQueries, ReconciliationView } from '@tollgate/contracts';
import { AppError, doublingMs, invariant } from '@tollgate/kernel';

import type { PlanAt } from '../../catalog/app/catalog-ports.ts';
import { monthNow, reconciledMonth } from '../domain/reconciled-month.ts';
import { makeDifferenceDecisions } from './difference-decisions.ts';
import { fixPage, type FixParts } from './reconcile-fixes.ts';
import { type Page, type ReconcileRun, type ReconcileStep, reconcileSteps } from './reconcile-ports.ts';
import { readingSteps, type StepParts } from './reconcile-steps.ts';

export type ReconcileParts = StepParts &
  FixParts & { readonly planAt: PlanAt; readonly onFailure: (error: unknown) => void };

/** Another instance may have died at a run. */
const idleMs = 5_000;
/** While Stripe or the ledger does not answer: doubling, without an end. */
const outageWaits = { firstMs: 1_000, maxMs: 30_000 };
const pollMs = 50;
const limitMax = 1_000;
const planDefault = 'default';

/**
 * Works on runs that are under way, a page at a time; answers how long to rest. A page and its place are kept together,
 * so that a crash anywhere costs one page. What does not answer, or limits us, is waited for.
 */
export function makeReconcileRound(parts: ReconcileParts): (stopped: AbortSignal) => Promise<number> {
  let failures = 0;
  return async (stopped) => {
    let pauseMs = idleMs;
    await parts.store.lock(async (id) => {
      for (
        let run = await parts.store.running(id);
        run !== null && !stopped.aborted;
        run = await parts.store.running(id)
      ) {
        const failure = await onePage(parts, run).then(
          () => null,
          (error: unknown) => ({ error }),
        );
        failures = failure === null ? 0 : failures + 1;
        if (failure === null) continue;
        pauseMs = await note(parts, run, failure.error, failures);
        return;
      }
      pauseMs = 0;
    });
    return pauseMs;
  };
}

async function onePage(parts: ReconcileParts, run: ReconcileRun): Promise<void> {
  const page: Page = run.step === 'fixes' ? await fixPage(parts, run) : await readingSteps[run.step](parts, run);
  const step = page.next === null ? after(run.step) : run.step;
  await parts.store.advance(run, { ...page, step }, parts.clock.nowMs());
}

const after = (step: ReconcileStep): ReconcileStep | 'end' => reconcileSteps[reconcileSteps.indexOf(step) + 1] ?? 'end';

/** An outage is waited out; a mistake of ours ends the run, so that nobody waits for it. */
async function note(parts: ReconcileParts, run: ReconcileRun, error: unknown, failures: number): Promise<number> {
  const waits = error instanceof AppError && error.kind === 'unavailable';
  const text =
    error instanceof AppError
      ? [error.code, error.details['stripe']].filter((part) => typeof part === 'string').join(': ')
      : 'INVARIANT_BROKEN';
  if (!waits) parts.onFailure(error);
  await parts.store.trouble(run.id, text, !waits, parts.clock.nowMs());
  const asked = error instanceof AppError ? Number(error.details['retry_after_s']) * 1_000 : Number.NaN;
  return Number.isFinite(asked) ? asked : doublingMs(outageWaits, failures - 1);
}

/** See `ReconcileQueries`. */
export function makeReconcileQueries(
  parts: Pick<ReconcileParts, 'store' | 'planAt' | 'clock' | 'stripe' | 'charges'>,
  wake: () => void,
): ReconcileQueries {
  const { store, clock } = parts;
  const viewOf = async (id: string): Promise<ReconciliationView> => {
    const view = await store.view(id, clock.nowMs());
    invariant(view !== null, 'a run that was begun is there');
    return view;
  };
  return {
    ...makeDifferenceDecisions(parts),
    startReconciliation: async ({ period, fix = false, fresh = false, wait_ms: waitMs = 0 }) => {
      const nowMs = clock.nowMs();
      const name = period ?? monthNow(nowMs, (await parts.planAt(planDefault, nowMs)).timeZone);
      const { timeZone } = await parts.planAt(
        planDefault,
        reconciledMonth(name, 'UTC', Number.POSITIVE_INFINITY).moments.startMs,
      );
      const month = reconciledMonth(name, timeZone, nowMs);
      const id = await store.begin(month, { id: randomUUID(), fix, fresh, nowMs });
      wake();
      const deadline = performance.now() + waitMs;
      let view = await viewOf(id);
      while (view.state === 'running' && performance.now() < deadline) {
        await delay(pollMs);
        view = await viewOf(id);
      }
      return view;
    },
    reconciliation: async ({ id, after: cursor = '0', limit }) => {
      if (!/^[0-9]{1,18}$/.test(cursor))
        throw new AppError('invalid', 'REQUEST_INVALID', 'after must be the number of a difference');
      const run = await store.view(id, clock.nowMs());
      if (run === null) return null;
      const size = Math.min(Math.max(limit, 1), limitMax);
      const differences = await store.differences(id, { after: cursor, limit: size, nowMs: clock.nowMs() });
      return { run, differences, next: differences.length === size ? (differences.at(-1)?.number ?? null) : null };
    },
  };
}
