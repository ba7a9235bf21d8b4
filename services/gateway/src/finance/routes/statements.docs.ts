import type { Documentation } from '../../http-kit/openapi/documented.ts';
import type { CustomerStatement } from '../app/customer-statement.ts';
import { statementCsv } from '../app/statement-texts.ts';
import { Statement } from './statement-shapes.ts';

const money = (minor: number): object => ({ amount_minor: String(minor), amount: (minor / 100).toFixed(2) });

const example = {
  user_id: 'user-uuid',
  period: '2026-11',
  from: '2026-11-01T00:00:00.000Z',
  to: '2026-12-01T00:00:00.000Z',
  plan: { name: 'default', version: 1 },
  usage: {
    used: '10000000',
    included: '8000000',
    beyond: '2000000',
    blocks: [
      {
        block: '1',
        billing_tier: '8M-16M',
        plan: 'default',
        plan_version: 1,
        currency: 'BRL',
        charge_id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
        ...money(10_000),
      },
    ],
  },
  accounts: [
    {
      currency: 'BRL',
      opening: money(0),
      usage: money(10_000),
      fees: money(0),
      top_ups: money(0),
      credits: money(0),
      payments: money(-10_000),
      refunds: money(0),
      closing: money(0),
      lines: [
        {
          at: '2026-11-20T10:00:00.000Z',
          month: '2026-11',
          kind: 'usage',
          description: 'block 1 (8M-16M)',
          reference: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
          ...money(10_000),
        },
        {
          at: '2026-11-20T10:00:01.000Z',
          month: '2026-11',
          kind: 'payment',
          description: 'payment of block 1 (8M-16M)',
          reference: 'pi_1P1',
          ...money(-10_000),
        },
      ],
    },
  ],
};

/** What OpenAPI says of these routes. */
export const docs = {
  statement: {
    summary:
      "A customer's statement of a month: usage, blocks, fee, credits, payments, refunds, opening and closing balance",
    auth: 'server key or owner',
    status: 200,
    answer: Statement,
    errors: [
      [403, 'This is another user', 'NOT_OWNER'],
      [429, 'at most 4 exports may run at a time; try again in some seconds', 'RATE_LIMITED'],
    ],
    description:
      'For usage that is billed by tiers. Amounts are minor units and decimal text, positive if the customer ' +
      'owes them. closing = opening + usage + fees + top-ups + credits + payments + refunds, per currency. ' +
      'Blocks and fees count in the month that they are for; credits, payments and refunds in the month in ' +
      'which they were made. format=html is a page to read or print.',
    example,
    texts: { 'text/csv': statementCsv(example as unknown as CustomerStatement), 'text/html': '<!doctype html> …' },
  },
} satisfies Record<string, Documentation>;
