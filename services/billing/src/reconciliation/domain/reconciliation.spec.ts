import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { ChargeStatus, PaymentState } from '../../charges/domain/charge.ts';
import { money } from './difference.ts';
import { compareFee, compareInvoice } from './reconciled-invoices.ts';
import { monthNow, reconciledMonth } from './reconciled-month.ts';
import { compareRefund } from './reconciled-refunds.ts';
import {
  type BookedCharge,
  compareCharge,
  compareStranger,
  type LedgerCrossing,
  processingMaxMs,
  type StripePayment,
} from './reconciliation.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const aCharge = (more: Partial<BookedCharge> = {}): BookedCharge => ({
  id: 'c1',
  account: 'metered:u',
  status: 'succeeded',
  amountMinor: 10_000n,
  currency: 'BRL',
  paymentIntent: 'pi_1',
  attemptOpen: false,
  changedMs: nowMs,
  ...more,
});
const aPayment = (more: Partial<StripePayment> = {}): StripePayment => ({
  id: 'pi_1',
  chargeId: 'c1',
  state: 'succeeded',
  amountMinor: 10_000n,
  currency: 'BRL',
  createdMs: nowMs,
  series: 0,
  ...more,
});
const aCrossing = (more: Partial<LedgerCrossing> = {}): LedgerCrossing => ({
  chargeId: 'c1',
  amountMinor: 10_000n,
  currency: 'BRL',
  ...more,
});
const kinds = (
  charge: BookedCharge,
  payments: readonly StripePayment[],
  crossing: LedgerCrossing | null = aCrossing(),
  past: readonly string[] = [],
) => compareCharge(charge, { payments, crossing, past, nowMs }).map(({ kind }) => kind);

/** Pairs that say the same: what the books may say while Stripe says that. */
const alike: readonly (readonly [ChargeStatus, PaymentState['is'] | null])[] = [
  ['succeeded', 'succeeded'],
  ['processing', 'processing'],
  ['failed', 'declined'],
  ['pending', 'declined'],
  ['requires_action', 'action_required'],
  ['cancelled', 'cancelled'],
  ['pending', null],
  ['failed', null],
  ['cancelled', null],
  ['processing', null],
];

describe('a charge compared with Stripe', () => {
  const agreeing = fc
    .record({
      pair: fc.constantFrom(...alike),
      amountMinor: fc.bigInt({ min: 1n, max: 10n ** 12n }),
      currency: fc.constantFrom('BRL', 'JPY', 'KWD'),
      cancelled: fc.integer({ min: 0, max: 3 }),
      past: fc.integer({ min: 0, max: 2 }),
      order: fc.infiniteStream(fc.nat()),
    })
    .map(({ pair: [status, state], amountMinor, currency, cancelled, past, order }) => {
      const charge = aCharge({ status, amountMinor, currency, paymentIntent: state === null ? null : 'pi_1' });
      const payments = [
        ...(state === null ? [] : [aPayment({ state, amountMinor, currency })]),
        // Those of earlier tries, some of them paid and given back.
        ...Array.from({ length: state === 'cancelled' || state === null ? 0 : cancelled }, (_, i) =>
          aPayment({ id: `pi_x${i}`, state: 'cancelled', createdMs: nowMs - i }),
        ),
        ...Array.from({ length: past }, (_, i) => aPayment({ id: `pi_p${i}`, createdMs: nowMs - 10 - i })),
      ]
        .map((payment) => ({ payment, at: order.next().value as number }))
        .sort((a, b) => a.at - b.at)
        .map(({ payment }) => payment);
      return {
        charge,
        payments,
        past: Array.from({ length: past }, (_, i) => `pi_p${i}`),
        crossing: aCrossing({ amountMinor, currency }),
      };
    });

  // Guarantee: finance is shown what is wrong and nothing else, in whatever order Stripe lists.
  it('differs in nothing when both say the same, and in just what was changed', () => {
    fc.assert(
      fc.property(agreeing, ({ charge, payments, past, crossing }) => {
        const found = (
          more: Partial<Parameters<typeof compareCharge>[1]> = {},
          of: Partial<BookedCharge> = {},
        ): readonly string[] =>
          compareCharge({ ...charge, ...of }, { payments, past, crossing, nowMs, ...more }).map(({ kind }) => kind);
        expect(found()).toEqual([]);
        expect(found({ payments: [...payments].reverse() })).toEqual([]);
        expect(found({ crossing: null })).toEqual(['charge_without_crossing']);
        expect(found({ crossing: { ...crossing, amountMinor: crossing.amountMinor + 1n } })).toEqual([
          'crossing_differs',
        ]);
        const second = aPayment({
          id: 'pi_2',
          amountMinor: charge.amountMinor,
          currency: charge.currency,
          createdMs: nowMs + 1,
        });
        const paid = charge.status === 'succeeded';
        expect(found({ payments: [second, ...payments] })).toContain(paid ? 'paid_twice' : 'not_in_books');
        if (paid) expect(found({ payments: payments.filter(({ id }) => id !== 'pi_1') })).toEqual(['not_at_stripe']);
        if (paid)
          for (const status of ['pending', 'processing', 'failed', 'requires_action', 'cancelled'] as const)
            expect(found({}, { status })).toEqual(['not_in_books']);
        const main = payments.find(({ id }) => id === 'pi_1');
        if (main !== undefined && main.state !== 'cancelled') {
          const changed = payments.map((each) =>
            each === main ? { ...main, amountMinor: main.amountMinor + 1n } : each,
          );
          expect(found({ payments: changed })).toEqual(['amount_differs']);
        }
      }),
      { numRuns: 500 },
    );
  });

  // Guarantee: nothing that moves money is a fix.
  it('only ever mends the books: what moves money, or ends something at Stripe, is a proposal', () => {
    const states: readonly PaymentState['is'][] = [
      'succeeded',
      'processing',
      'declined',
      'action_required',
      'cancelled',
    ];
    const statuses: readonly ChargeStatus[] = [
      'pending',
      'processing',
      'succeeded',
      'requires_action',
      'failed',
      'cancelled',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...statuses),
        fc.array(fc.constantFrom(...states), { maxLength: 4 }),
        fc.boolean(),
        fc.boolean(),
        (status, given, crossed, old) => {
          const payments = given.map((state, i) => aPayment({ id: `pi_${i}`, state, createdMs: nowMs + i }));
          const charge = aCharge({
            status,
            paymentIntent: given.length === 0 ? null : 'pi_0',
            changedMs: old ? 0 : nowMs,
          });
          const found = compareCharge(charge, { payments, past: [], crossing: crossed ? aCrossing() : null, nowMs });
          for (const { fix, proposal, kind } of found) {
            expect([kind, fix === null]).toEqual([kind, proposal !== null]);
            if (fix !== null) expect(fix).toBe('take_state');
          }
          // Of several that paid, all but one are to be given back.
          const paid = given.filter((state) => state === 'succeeded').length;
          expect(found.filter(({ kind }) => kind === 'paid_twice')).toHaveLength(Math.max(0, paid - 1));
          expect(new Set(found.map(({ kind, reference }) => `${kind} ${reference}`)).size).toBe(found.length);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('that is to be charged anew is no different from Stripe because of what ended before', () => {
    expect(kinds(aCharge({ status: 'pending', paymentIntent: null }), [aPayment({ state: 'cancelled' })])).toEqual([]);
    expect(kinds(aCharge({ status: 'pending', paymentIntent: null }), [aPayment()], aCrossing(), ['pi_1'])).toEqual([]);
    expect(kinds(aCharge({ status: 'failed' }), [aPayment({ state: 'cancelled' })])).toEqual(['state_differs']);
  });

  it('may be processing for a day, and not a moment longer', () => {
    const since = (ageMs: number) => aCharge({ status: 'processing', paymentIntent: null, changedMs: nowMs - ageMs });
    expect(kinds(since(processingMaxMs), [])).toEqual([]);
    expect(kinds(since(processingMaxMs + 1), [])).toEqual(['processing_long']);
    expect(
      compareCharge(since(processingMaxMs + 1), {
        payments: [aPayment({ state: 'declined' })],
        past: [],
        crossing: aCrossing(),
        nowMs,
      }),
    ).toMatchObject([{ kind: 'processing_long', fix: 'take_state', proposal: null }]);
  });

  it('is named with what each side says, in plain words', () => {
    const [missed] = compareCharge(aCharge({ status: 'failed' }), {
      payments: [aPayment()],
      past: [],
      crossing: aCrossing(),
      nowMs,
    });
    expect(missed?.reason).toBe('Stripe was paid 100.00 BRL by pi_1, and the books have the charge as failed');
    const [, twice] = [
      null,
      ...compareCharge(aCharge(), {
        payments: [aPayment(), aPayment({ id: 'pi_2', createdMs: nowMs + 1 })],
        past: [],
        crossing: aCrossing(),
        nowMs,
      }),
    ];
    expect(twice).toMatchObject({
      reason: 'the charge was paid twice: by pi_1 and by pi_2',
      proposal: 'refund 100.00 BRL of pi_2',
      fix: null,
    });
  });
});

describe('a payment of no charge', () => {
  it('is told apart by our metadata, and matters when somebody paid or may yet', () => {
    expect(compareStranger(aPayment({ chargeId: null }))).toMatchObject({ kind: 'payment_foreign' });
    expect(compareStranger(aPayment({ chargeId: null, state: 'declined' }))).toBeNull();
    expect(compareStranger(aPayment())).toMatchObject({
      kind: 'payment_unknown',
      proposal: expect.stringContaining('refund'),
    });
    expect(compareStranger(aPayment({ state: 'processing' }))).toMatchObject({
      kind: 'payment_unknown',
      proposal: 'cancel pi_1 at Stripe',
    });
    expect(compareStranger(aPayment({ state: 'cancelled' }))).toBeNull();
  });
});

describe('an invoice', () => {
  const stripe = (more = {}) =>
    ({
      id: 'in_1',
      status: 'paid',
      attempted: true,
      dueMinor: 40_000n,
      paidMinor: 40_000n,
      currency: 'BRL',
      ...more,
    }) as const;
  const books = (more = {}) => ({
    id: 'in_1',
    status: 'paid',
    amountMinor: 40_000n,
    currency: 'BRL',
    customer: 'cus_1',
    creditMinor: 0n,
    periodStartMs: 0,
    ...more,
  });
  it('is the same, missing on a side, or different; what the books have as paid is left to a person', () => {
    expect(compareInvoice(books(), stripe())).toBeNull();
    expect(compareInvoice(null, stripe({ status: 'draft' }))).toBeNull();
    expect(compareInvoice(null, stripe({ status: 'void' }))).toBeNull();
    expect(compareInvoice(null, stripe({ status: 'open', attempted: false }))).toMatchObject({
      kind: 'invoice_missing',
      fix: 'take_invoice',
    });
    expect(compareInvoice(books({ status: 'failed' }), stripe({ status: 'open' }))).toBeNull();
    expect(compareInvoice(books({ status: 'open' }), stripe({ status: 'uncollectible' }))).toMatchObject({
      kind: 'invoice_differs',
      fix: 'take_invoice',
    });
    expect(compareInvoice(null, stripe())).toMatchObject({ kind: 'invoice_missing', fix: 'take_invoice' });
    expect(compareInvoice(books(), null)).toMatchObject({ kind: 'invoice_not_at_stripe', fix: null });
    expect(compareInvoice(books({ status: 'failed' }), stripe())).toMatchObject({
      kind: 'invoice_differs',
      fix: 'take_invoice',
    });
    expect(compareInvoice(books({ status: 'failed' }), stripe({ status: 'void' }))).toMatchObject({
      kind: 'invoice_differs',
      fix: 'take_invoice',
    });
    expect(compareInvoice(books(), stripe({ status: 'void' }))).toMatchObject({ kind: 'invoice_differs', fix: null });
    expect(compareInvoice(books(), stripe({ status: 'open' }))).toMatchObject({ kind: 'invoice_differs', fix: null });
    expect(compareInvoice(books({ amountMinor: 1n }), stripe())).toMatchObject({ kind: 'invoice_differs', fix: null });
  });

  it('is for what the plan says of its period, in its currency', () => {
    const plan = { plan: 'pro', version: 2, amountMinor: 40_000n, currency: 'BRL' };
    expect([
      compareFee(books(), plan),
      compareFee(books({ amountMinor: 0n }), plan),
      compareFee(books({ status: 'voided', amountMinor: 1n }), plan),
    ]).toEqual([null, null, null]);
    expect(compareFee(books({ amountMinor: 30_000n }), plan)).toMatchObject({
      kind: 'fee_differs',
      fix: null,
      reason:
        `invoice in_1 is for ${money({ amountMinor: 30_000n, currency: 'BRL' })}, the plan pro version 2 ` +
        `says ${money({ amountMinor: 40_000n, currency: 'BRL' })}`,
    });
    expect(compareFee(books({ currency: 'USD' }), plan)).toMatchObject({ kind: 'fee_differs' });
  });
});

describe('a refund', () => {
  const books = { id: 're_1', chargeId: 'c1', status: 'succeeded', amountMinor: 10_000n, currency: 'BRL' };
  const stripe = { ...books, paymentIntent: 'pi_1' };
  it('is the same, missing on a side, or different', () => {
    expect(compareRefund(books, stripe)).toBeNull();
    expect(compareRefund({ ...books, status: 'processing' }, { ...stripe, status: 'pending' })).toBeNull();
    expect(compareRefund(null, { ...stripe, status: 'failed' })).toBeNull();
    expect(compareRefund(null, stripe)).toMatchObject({ kind: 'refund_missing' });
    expect(compareRefund(books, null)).toMatchObject({ kind: 'refund_not_at_stripe', fix: null });
    expect(compareRefund({ ...books, amountMinor: 1n }, stripe)).toMatchObject({ kind: 'refund_differs' });
    expect(compareRefund(books, { ...stripe, status: 'failed' })).toMatchObject({ kind: 'refund_differs' });
  });
});

describe('the month that is compared', () => {
  it("has the borders of the plan's time zone, and each period of any zone is in exactly one", () => {
    const { moments } = reconciledMonth('2026-10', 'America/Sao_Paulo', nowMs);
    expect([moments.startMs, moments.endMs].map((ms) => new Date(ms).toISOString())).toEqual([
      '2026-10-01T03:00:00.000Z',
      '2026-11-01T03:00:00.000Z',
    ]);
    for (const zone of ['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/Sao_Paulo']) {
      for (let month = 1; month <= 12; month++) {
        const period = `2025-${String(month).padStart(2, '0')}`;
        const { startMs } = reconciledMonth(period, zone, nowMs).moments;
        const holding = Array.from({ length: 12 }, (_, i) =>
          reconciledMonth(`2025-${String(i + 1).padStart(2, '0')}`, 'UTC', nowMs),
        ).filter(({ starts }) => startMs >= starts.startMs && startMs < starts.endMs);
        expect(holding.map((each) => each.period)).toEqual([period]);
      }
    }
  });

  it('is refused when it is none, or has not begun', () => {
    for (const period of ['', '2026', '2026-13', '2026-00', '2026-1', '1999-12', '2026-10-01', '2026-12']) {
      expect(() => reconciledMonth(period, 'UTC', nowMs)).toThrow(
        expect.objectContaining({ kind: 'invalid', code: 'REQUEST_INVALID' }),
      );
    }
    expect(monthNow(Date.UTC(2026, 10, 1, 2), 'America/Sao_Paulo')).toBe('2026-10');
  });
});
