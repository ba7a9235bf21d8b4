import type { Pool } from 'pg';
import Stripe from 'stripe';

import { tried, undelivered } from './postgres/undelivered.ts';

const pageMax = 50;
const timeoutMs = 10_000;
const delayMaxS = 60;
const triesMax = 200;

/**
 * Delivers what is waiting to the webhook endpoint, signed as Stripe signs, in order of what happened; answers whether
 * all is delivered.
 */
export async function deliver(pool: Pool, to: { readonly url: string; readonly secret: string }): Promise<boolean> {
  const waiting = await undelivered(pool, pageMax);
  for (const { position, body, tries } of waiting) {
    const done = (await send(to, JSON.stringify(body))) || tries >= triesMax;
    await tried(pool, position, { done, delayS: Math.min(2 ** tries, delayMaxS) });
    if (!done) return false;
  }
  return waiting.length < pageMax;
}

/** Signatures follow the real clock (surfaces §0.10). */
async function send(
  { url, secret }: { readonly url: string; readonly secret: string },
  payload: string,
): Promise<boolean> {
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret });
  try {
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'stripe-signature': signature,
      'user-agent': 'Tollgate-Stripe-Simulator/1.0',
    };
    const { ok, body } = await fetch(url, {
      method: 'POST',
      headers,
      body: payload,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await body?.cancel();
    return ok;
  } catch {
    return false;
  }
}
