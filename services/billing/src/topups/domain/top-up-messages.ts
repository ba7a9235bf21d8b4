import { uuidV5 } from '@tollgate/kernel';

import { bodyOf, isoOf, type WebhookMessage } from '../../webhooks-out/domain/webhook-message.ts';
import type { AutoTopUp, TopUp } from './top-up.ts';

const namespace = '5a0e6f0e-2d0b-5f7e-9a52-6f1d1d0c4b17';
const types = {
  succeeded: 'topup.succeeded',
  failed: 'topup.failed',
  unresolved: 'topup.unresolved',
} as const;

/** What subscribers hear when a purchase ends; null: it has not. */
export function topUpMessage(topUp: TopUp, nowMs: number): WebhookMessage | null {
  const { status, id, account } = topUp;
  if (status !== 'succeeded' && status !== 'failed' && status !== 'unresolved') return null;
  const type = types[status];
  const data = {
    topup_id: id,
    account,
    user_id: topUp.userId,
    units: String(topUp.units),
    amount_minor: String(topUp.amountMinor),
    currency: topUp.currency,
    reason: topUp.reason,
    payment_intent: topUp.paymentIntent,
  };
  return { id: `msg_topup_${id}_${status}`, type, account, body: bodyOf(type, isoOf(nowMs), data) };
}

/** A ceiling was reached: nothing is bought before `until`. */
export function limitedMessage(
  auto: AutoTopUp,
  reason: 'day_max' | 'month_max',
  untilMs: number,
  nowMs: number,
): WebhookMessage {
  const until = isoOf(untilMs);
  return {
    id: `msg_topup_limited_${uuidV5(namespace, JSON.stringify([auto.account, reason, until, auto.version]))}`,
    type: 'topup.limited',
    account: auto.account,
    body: bodyOf('topup.limited', isoOf(nowMs), {
      account: auto.account,
      user_id: auto.userId,
      reason,
      max_minor: String(reason === 'day_max' ? auto.dayMaxMinor : auto.monthMaxMinor),
      currency: auto.currency,
      until,
    }),
  };
}

/** Nothing is bought until somebody resumes it. `topUp`: the purchase that was refused last. */
export const pausedMessage = (auto: AutoTopUp, topUp: string | null, nowMs: number): WebhookMessage => ({
  id: `msg_topup_paused_${uuidV5(namespace, JSON.stringify([auto.account, auto.version, nowMs]))}`,
  type: 'topup.paused',
  account: auto.account,
  body: bodyOf('topup.paused', isoOf(nowMs), {
    account: auto.account,
    user_id: auto.userId,
    reason: auto.reason,
    failures: auto.failures,
    topup_id: topUp,
  }),
});
