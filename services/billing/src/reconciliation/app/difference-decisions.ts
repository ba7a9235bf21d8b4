import type { ReconcileQueries } from '@tollgate/contracts';
import { AppError, type Clock } from '@tollgate/kernel';

import type { ChargeStore } from '../../charges/app/charge-ports.ts';
import type { ReconcileStore, StripeBooks } from './reconcile-ports.ts';

type Parts = {
  readonly store: Pick<ReconcileStore, 'acknowledge' | 'differences' | 'assigned' | 'assign' | 'hasTopUp'>;
  readonly stripe: Pick<StripeBooks, 'payment' | 'isOfInvoice'>;
  readonly charges: Pick<ChargeStore, 'byIds'>;
  readonly clock: Clock;
};

/** What people decide about differences that no fix mends. */
export const makeDifferenceDecisions = ({
  store,
  stripe,
  charges,
  clock,
}: Parts): Pick<ReconcileQueries, 'acknowledgeDifference' | 'assignPayment'> => ({
  acknowledgeDifference: async ({ run, number, reason, until, by, address = null }) => {
    const untilMs = Date.parse(until);
    if (!(untilMs > clock.nowMs())) throw new AppError('invalid', 'TIME_OUT_OF_RANGE', `until is past: ${until}`);
    if (!(await store.acknowledge({ run, number, reason, untilMs, by, address }, clock.nowMs()))) return null;
    const [difference] = await store.differences(run, {
      after: String(BigInt(number) - 1n),
      limit: 1,
      nowMs: clock.nowMs(),
    });
    return difference ?? null;
  },
  assignPayment: async ({ payment_intent: id, user_id: userId, reason, by, address = null }) => {
    const known = await store.assigned(id);
    if (known !== null) return known;
    const payment = await stripe.payment(id);
    if (payment === null) return null;
    const { chargeId, topUpId } = payment;
    const ours =
      (chargeId !== null && (await charges.byIds([chargeId])).length > 0) ||
      (typeof topUpId === 'string' && (await store.hasTopUp(topUpId))) ||
      (chargeId === null && (await stripe.isOfInvoice(id)));
    if (ours)
      throw new AppError(
        'conflict',
        'PAYMENT_NOT_FOREIGN',
        `${id} is the payment of a charge, an invoice or a top-up: it needs nobody to assign it`,
      );
    if (payment.state !== 'succeeded')
      throw new AppError('conflict', 'PAYMENT_NOT_FOREIGN', `${id} is not paid: there is nothing to assign`);
    await store.assign(payment, { userId, reason, by, address }, clock.nowMs());
    return store.assigned(id);
  },
});
