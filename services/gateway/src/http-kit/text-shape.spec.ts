import { describe, expect, it } from '@jest/globals';

import { ProcessUsage } from '../tier-billing/routes/shapes.ts';
import { clientId as WalletUser } from '../token-process/routes/shapes.ts';
import { UserId } from './text-shape.ts';

// Guarantee: whatever a surface opens, its books can be read through /v1, which takes no control characters (surfaces
// §0.9).
describe('The id of a user', () => {
  const surfaces = {
    'credits and tier billing': UserId,
    'token process': WalletUser,
    'usage in tiers': ProcessUsage.shape.userId,
  };

  it.each(Object.entries(surfaces))('of %s is of any script, and has no control characters', (_surface, shape) => {
    for (const id of ['user-123', '...', 'a/b', '%2F', '😀'.repeat(128), 'é', ' '])
      expect([id, shape.safeParse(id).success]).toEqual([id, true]);
    for (const id of [
      '',
      '.',
      '..',
      'a/..',
      'a\u0000b',
      'a\u0001b',
      '\t',
      'a\u007f',
      '\u0085',
      '\ud800',
      '😀'.repeat(129),
    ])
      expect([id, shape.safeParse(id).success]).toEqual([id, false]);
  });
});
