import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { ProcessEnded, ProcessStarted } from './answer-shapes.ts';

const surface = 'token process';

const keyErrors = [
  [401, 'Server API key is required'],
  [401, 'Invalid server API key'],
] as const;

/** What OpenAPI says of these routes. */
export const docs = {
  start: {
    summary: 'Checks whether a user may use an endpoint now',
    auth: 'server key',
    status: 200,
    once: true,
    surface,
    answer: ProcessStarted,
    errors: keyErrors,
    description:
      'Never fails for business reasons: with status "not-accessible", data.message tells why. With "estimate", ' +
      'that many units are reserved, never from overdraft, until end settles data.hold_id or the hold expires ' +
      'at data.expires_at.',
    example: {
      success: true,
      message: 'Token process start completed',
      data: { user_id: 'user-123', token: 1000, status: 'accessible' },
    },
  },
  end: {
    summary: 'Books usage',
    auth: 'server key',
    status: 200,
    once: true,
    surface,
    answer: ProcessEnded,
    description:
      "The cost is always booked, also below zero, unless the wallet's package forbids overdraft: with status " +
      '"not-returnable", data.message tells why nothing was booked, and cost is what it would have been.',
    example: {
      success: true,
      message: 'Token process end completed',
      data: { user_id: 'user-123', token: 880, cost: 120, status: 'returnable' },
    },
    errors: [...keyErrors, [404, 'User wallet not found'], [404, 'Hold not found'], 'HOLD_ENDED', 'QUANTITY_UNKNOWN'],
  },
} satisfies Record<string, Documentation>;
