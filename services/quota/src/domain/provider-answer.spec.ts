import { describe, expect, it } from '@jest/globals';

import { readProviderAnswer } from './provider-answer.ts';

const valid = { valid: true, quota_mb: 5000, subscription_type: 'premium', expires_at: '2025-12-31T23:59:59Z' };

describe('an answer of the provider', () => {
  it('is read as its document shows it', () => {
    expect(readProviderAnswer(valid)).toEqual({
      valid: true,
      bytes: 5_000n * 1_048_576n,
      subscriptionType: 'premium',
      expiresMs: Date.UTC(2025, 11, 31, 23, 59, 59),
    });
    expect(readProviderAnswer({ valid: false })).toEqual({ valid: false });
  });

  it('counts whole bytes, never less than none and never more than a number can say', () => {
    const bytes = (quotaMb: unknown): unknown =>
      (readProviderAnswer({ ...valid, quota_mb: quotaMb }) as { bytes?: bigint } | null)?.bytes;
    expect([0, 0.5, 1e-9, -3, 1e300, '12', '0.25'].map(bytes)).toEqual([
      0n,
      524_288n,
      0n,
      0n,
      BigInt(Number.MAX_SAFE_INTEGER),
      12_582_912n,
      262_144n,
    ]);
  });

  it('counts as none where it cannot be obeyed', () => {
    const bad = [
      null,
      [],
      'x',
      7,
      {},
      { valid: 'yes' },
      { valid: true },
      { ...valid, quota_mb: null },
      { ...valid, quota_mb: 'many' },
      { ...valid, expires_at: 'someday' },
      { ...valid, expires_at: 5 },
      { ...valid, quota_mb: Infinity },
    ];
    expect(bad.map(readProviderAnswer)).toEqual(bad.map(() => null));
  });
});
