import type { Pool } from 'pg';
import Stripe from 'stripe';

type Waiting = { readonly position: bigint; readonly body: unknown; readonly tries: number };

const timeoutMs = 10_000;
const delayMaxS = 60;
const triesMax = 200;

/**
 * Delivers what is waiting to the webhook endpoint, signed as Stripe signs, in order of what happened; answers whether
 * all is delivered.
 */
export async function deliver(pool: Pool, to: { readonly url: string; readonly secret: string }): Promise<boolean> {
  const { rows } = await pool.query<Waiting>(
    `select position, body, tries from stripe_simulator.events where delivered_at is null and next_try_at <= now()
      order by position limit 50`,
  );
  for (const { position, body, tries } of rows) {
    const done = (await send(to, JSON.stringify(body))) || tries >= triesMax;
    const delayS = Math.min(2 ** tries, delayMaxS);
    await pool.query(
      `update stripe_simulator.events set tries = tries + 1, delivered_at = case when $2 then now() end,
         next_try_at = now() + make_interval(secs => $3) where position = $1`,
      [position, done, delayS],
    );
    if (!done) return false;
  }
  return rows.length < 50;
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
