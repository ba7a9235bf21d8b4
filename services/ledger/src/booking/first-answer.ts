import type { HoldView } from '@tollgate/contracts';

import { answerOf } from '../domain/answer.ts';
import type { Entry } from '../domain/entry.ts';
import type { FirstAnswer } from './ports.ts';

/** Kinds of entries whose answer names a hold. */
const aboutHolds = new Set(['held', 'extended', 'settled', 'released']);

/** Rebuilds the first answer of a request from its entries; the last one keeps what could be spent then. */
export function firstAnswerOf(
  partition: number,
  entries: readonly Entry[],
  hold: HoldView | undefined,
): FirstAnswer | undefined {
  const [first] = entries;
  const last = entries.at(-1);
  if (!first || !last) return undefined;
  if (first.kind === 'withdrawn' && first.corrects === null) {
    const problem = {
      code: 'REQUEST_WITHDRAWN',
      detail: 'the request was withdrawn after its caller was told that it was late',
    };
    return { hash: first.hash, answer: { outcome: 'refused', replayed: true, account: first.account, problem } };
  }
  const answer = answerOf(partition, {
    outcome: 'booked',
    account: first.account,
    entries,
    available: last.availableAfter,
    ...(hold && aboutHolds.has(first.kind) ? { hold } : {}),
  });
  return { hash: first.hash, answer };
}
