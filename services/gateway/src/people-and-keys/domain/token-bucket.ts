/** A rate limit of `perSecond`, with a burst of one second. Not shared between gateways. */
export type TokenBucket = { readonly perSecond: number; left: number; atMs: number };

export const newBucket = (perSecond: number, nowMs: number): TokenBucket => ({
  perSecond,
  left: perSecond,
  atMs: nowMs,
});

/** Takes a token. Answers 0, or the seconds (at least 1) until one is available. */
export function takeOne(bucket: TokenBucket, nowMs: number): number {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  bucket.left = Math.min(Math.max(bucket.perSecond, 1), bucket.left + (elapsedMs / 1000) * bucket.perSecond);
  bucket.atMs = nowMs;
  if (bucket.left >= 1) {
    bucket.left -= 1;
    return 0;
  }
  return Math.max(1, Math.ceil((1 - bucket.left) / bucket.perSecond));
}
