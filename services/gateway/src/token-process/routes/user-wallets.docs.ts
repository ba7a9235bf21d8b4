import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Gift, Wallet } from './answer-shapes.ts';

const surface = 'token process';

const unknownWallet = [404, 'User wallet not found'] as const;

const walletExample = {
  user_id: 'user-123',
  token: 1000,
  package: 'pro',
  package_expires_at: '2026-12-21T12:00:00.000Z',
};

const given = (message: string) => ({ success: true, message, data: { user_id: 'user-123', token: 100 } });

/** What OpenAPI says of these routes. */
export const docs = {
  self: {
    summary: "The caller's wallet",
    auth: 'user',
    status: 200,
    surface,
    answer: Wallet,
    errors: [unknownWallet],
    example: { success: true, message: 'User wallet found', data: walletExample },
  },
  ofUser: {
    summary: "A user's wallet; users see their own",
    auth: 'server key or owner',
    status: 200,
    surface,
    answer: Wallet,
    errors: [unknownWallet],
    example: { success: true, message: 'User wallet found', data: walletExample },
  },
  giveInitial: {
    summary: 'The initial gift, once per user; default: 100 tokens',
    auth: 'admin',
    status: 200,
    once: true,
    surface,
    answer: Gift,
    errors: [[400, 'Initial token already given']],
    example: given('Initial token given'),
  },
  giveBonus: {
    summary: 'Gives bonus tokens',
    auth: 'admin',
    status: 200,
    once: true,
    surface,
    answer: Gift,
    example: given('Bonus token given'),
  },
  givePackage: {
    summary: 'Gives a package: its tokens, and an expiry counted from now',
    auth: 'admin',
    status: 200,
    once: true,
    surface,
    answer: Wallet,
    errors: [[404, 'Package not found']],
    example: { success: true, message: 'Package given', data: walletExample },
  },
} satisfies Record<string, Documentation>;
