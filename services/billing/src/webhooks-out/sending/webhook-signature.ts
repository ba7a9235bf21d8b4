import { createHmac } from 'node:crypto';

import { AppError } from '@tollgate/kernel';

const prefix = 'whsec_';

/** A secret in the form of Standard Webhooks: its prefix, then base64 of the key. */
export const webhookSecret = (key: Buffer): string => prefix + key.toString('base64');

/**
 * The headers of Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` in seconds (by the real clock), and
 * `webhook-signature`, HMAC-SHA256 over `id.timestamp.body` in base64 behind `v1,`; with several secrets, while one
 * takes over from another, one signature each.
 */
export function webhookHeaders(
  message: { readonly id: string; readonly body: string },
  secrets: readonly string[],
  atMs: number,
): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1000));
  const signatures = secrets.map((secret) => {
    if (!secret.startsWith(prefix))
      throw new AppError('bug', 'INVARIANT_BROKEN', 'a webhook secret begins with its prefix');
    const key = Buffer.from(secret.slice(prefix.length), 'base64');
    const signed = `${message.id}.${timestamp}.${message.body}`;
    return `v1,${createHmac('sha256', key).update(signed, 'utf8').digest('base64')}`;
  });
  return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
