import { expect, it } from '@jest/globals';

import type { WalletState } from './token-process.ts';
import { closedBy, startFault } from './token-process.ts';

const endpoint = { id: 'e', feature: 'f', minimum_token: 10, active: true };
const terms = { id: 'p', features: ['f'], token: 1, duration_days: null, overdraft: 'allow' as const, removed: false };
const wallet: WalletState = { balance: 10n, free: 10n, package: null, packageExpiresMs: null, status: 'active' };
const fault = (change: Partial<WalletState>, known: typeof terms | null = terms): string | null =>
  startFault({ ...wallet, ...change }, { endpoint, terms: known ?? undefined, nowMs: 1_000 });

it('an endpoint is closed when it is unknown or not active', () => {
  expect([closedBy(undefined), closedBy({ ...endpoint, active: false }), closedBy(endpoint)]).toEqual([
    'Feature endpoint not found',
    'Feature endpoint is not active',
    null,
  ]);
});

it('a wallet needs the minimum exactly, out of what no hold reserves', () => {
  expect([fault({}), fault({ free: 9n }), fault({ balance: -3n, free: -3n })]).toEqual([
    null,
    'Insufficient tokens. Required: 10, Available: 9',
    'Insufficient tokens. Required: 10, Available: -3',
  ]);
});

it('the package is asked for the feature, then for its expiry, then the wallet for its units', () => {
  const lacking = { ...terms, features: ['other'] };
  expect(fault({ package: 'p', packageExpiresMs: 1_000, free: 0n }, lacking)).toBe(
    'Feature endpoint is not available in your package',
  );
  expect(fault({ package: 'gone', free: 0n }, null)).toBe('Feature endpoint is not available in your package');
  expect([
    fault({ package: 'p', packageExpiresMs: 1_000, free: 0n }),
    fault({ package: 'p', packageExpiresMs: 1_001 }),
  ]).toEqual(['Package expired', null]);
});
