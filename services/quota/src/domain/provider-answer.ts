import { isStorableText } from '@tollgate/kernel';

/** Bytes of one "MB" as this surface counts: 1 MB of 1000 leaves 999 (surfaces §3). */
export const mebibyte = 1_048_576;
/** Beyond this a JSON number is not exact. A larger quota is treated as none. */
const bytesMax = Number.MAX_SAFE_INTEGER;
const typeMax = 100;

export type Quota = { readonly bytes: bigint; readonly subscriptionType: string; readonly expiresMs: number | null };
export type ProviderAnswer = ({ readonly valid: true } & Quota) | { readonly valid: false };

/** The quota without a provider: valid, 1000 MB (surfaces §3). */
export const defaultAnswer: ProviderAnswer = {
  valid: true,
  bytes: 1_000n * BigInt(mebibyte),
  subscriptionType: 'default',
  expiresMs: null,
};

/** Parses the provider's JSON; null if it is unusable, which counts as no answer. */
export function readProviderAnswer(body: unknown): ProviderAnswer | null {
  if (typeof body !== 'object' || body === null) return null;
  const { valid, quota_mb: quotaMb, subscription_type: type, expires_at: expires } = body as Record<string, unknown>;
  if (valid === false) return { valid: false };
  if (valid !== true) return null;
  const bytes = bytesOf(quotaMb);
  const expiresMs =
    expires === undefined || expires === null ? null : typeof expires === 'string' ? Date.parse(expires) : NaN;
  if (bytes === null || Number.isNaN(expiresMs)) return null;
  const named =
    typeof type === 'string' && type !== '' && isStorableText(type) ? type.slice(0, typeMax).toWellFormed() : 'unknown';
  return { valid: true, bytes, subscriptionType: named, expiresMs };
}

/** Rounded down to whole bytes; negative figures are 0. Numbers may come as decimal strings. */
function bytesOf(quotaMb: unknown): bigint | null {
  const mb = typeof quotaMb === 'string' && /^-?\d{1,15}(\.\d{1,9})?$/.test(quotaMb) ? Number(quotaMb) : quotaMb;
  if (typeof mb !== 'number' || !Number.isFinite(mb)) return null;
  return BigInt(Math.min(bytesMax, Math.max(0, Math.floor(mb * mebibyte))));
}
