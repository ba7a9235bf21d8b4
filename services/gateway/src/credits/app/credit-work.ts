import type { AccountState, Answer, LedgerQueries, LedgerRequest } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { baseTier } from '@tollgate/pricing';

import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import type { Caller } from '../../ledger-client/app/requests.ts';
import { requestOf, scopedKey } from '../../ledger-client/app/requests.ts';
import { partitionOfHold } from '../../shared/domain/account-id.ts';
import type { CreditMeter, Credits } from './credits.ts';
import { creditsAccount, refusedBy } from './credits.ts';
import type { Begun, Operation, Operations, Ran } from './operations.ts';

/** Operations that cost one credit each. */
export const features = ['start-workflow', 'review'] as const;
export type Feature = (typeof features)[number];

/** A successful answer of a product service. `content`: its JSON. */
export type Delivery = { readonly content: unknown; readonly standIn: boolean };
export type UpstreamFault = { readonly fault: 'timeout' | 'failed'; readonly detail: string };

/**
 * Port: a product service. It must do the work of one key once, even when it is called twice (rule 24).
 * @throws when this process stops.
 */
export type Upstream = (work: { readonly key: string; readonly request: unknown }) => Promise<Delivery | UpstreamFault>;

export type WorkResult =
  | {
      readonly outcome: 'delivered';
      readonly delivery: Delivery;
      readonly available: string;
      readonly usedTotal: string;
    }
  | { readonly outcome: 'insufficient'; readonly available: string }
  | ({ readonly outcome: 'failed' } & UpstreamFault);

/** Longer than any upstream call (its time-out is at most 5 minutes) and the sweep after a crash. */
const holdMs = 15 * 60_000;

type Options = {
  readonly ledgerClient: LedgerClient;
  readonly ledger: LedgerQueries;
  readonly operations: Operations;
  readonly credits: Credits;
  readonly upstream: Readonly<Record<Feature, Upstream>>;
  readonly meter: CreditMeter;
  /** Called for each operation that a crash left open. */
  readonly onOrphan: (operation: Operation, what: string) => void;
};

/**
 * Holds a credit, calls the product service with the hold's id as the key, then settles the hold if the service
 * delivered (even if the client is gone) or releases it if not. Each step is written to the operation's row first, and
 * each request to the ledger is keyed by that row. A process that takes over after a crash therefore repeats steps
 * without doing anything twice (rule 24).
 */
export class CreditWork {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** @throws AppError as `Operations.run`. */
  do(
    feature: Feature,
    of: { readonly userId: string; readonly request: Readonly<Record<string, unknown>> },
    caller: Caller,
  ): Promise<Ran<WorkResult>> {
    const content = { ...of.request, userId: of.userId };
    const asked = { account: creditsAccount(of.userId), operation: feature, key: scopedKey(caller), content };
    return this.#options.operations.run<WorkResult>(asked, async (begun) => {
      const result = await this.#begin(begun);
      return { result, kept: result.outcome === 'delivered' };
    });
  }

  /** Continues operations that a crashed process left open. */
  async sweep(): Promise<void> {
    const left = await this.#options.operations.orphans();
    await Promise.all(left.map((operation) => this.#recover(operation)));
  }

  #recover(operation: Operation): Promise<void> {
    const { operations, onOrphan } = this.#options;
    return operations
      .work<WorkResult>(operation, async () => {
        const result = await this.#goOn(operation);
        if (result.outcome === 'delivered') onOrphan(operation, 'was delivered after a crash, and settled');
        else {
          await operations.progress(operation.id, {
            step: 'orphaned',
            result,
            freeKey: true,
            reason: result.outcome === 'failed' ? result.detail : 'nothing was held',
          });
          onOrphan(operation, 'was not delivered before a crash, and released');
        }
        return { result, kept: result.outcome === 'delivered' };
      })
      .then(
        () => undefined,
        () => undefined,
      );
  }

  async #goOn(operation: Operation): Promise<WorkResult> {
    const { step, hold } = operation;
    if (step === 'answered' && hold !== null) return this.#settle(operation, hold, operation.delivered as Delivery);
    if (step === 'held' && hold !== null) return this.#askUpstream(operation, hold);
    const failure: UpstreamFault =
      step === 'failing'
        ? (operation.result as UpstreamFault)
        : { fault: 'failed', detail: 'the platform stopped before the service was asked' };
    // The service was not called, but a credit may be held: the same request finds its hold.
    const held = hold ?? (await this.#hold(operation)).hold?.hold_id;
    if (held !== undefined) await this.#release(operation, held);
    return { ...failure, outcome: 'failed' };
  }

  async #begin(begun: Begun): Promise<WorkResult> {
    let answer = await this.#hold(begun);
    if (answer.problem?.code === 'ACCOUNT_UNKNOWN') {
      await this.#options.credits.touch(begun.account);
      answer = await this.#hold(begun);
    }
    if (answer.problem?.code === 'ALLOWANCE_EXHAUSTED') {
      this.#options.meter.refused(begun.operation);
      return { outcome: 'insufficient', available: answer.problem.refusal?.available ?? '0' };
    }
    const hold = answer.hold?.hold_id;
    if (hold === undefined) throw refusedBy(answer.problem);
    await this.#options.operations.progress(begun.id, { step: 'held', hold });
    return this.#askUpstream(begun, hold);
  }

  async #askUpstream(begun: Begun, hold: string): Promise<WorkResult> {
    const { upstream, operations } = this.#options;
    const delivery = await upstream[begun.operation as Feature]({ key: hold, request: begun.request });
    if ('fault' in delivery) {
      await operations.progress(begun.id, { step: 'failing', result: delivery });
      await this.#release(begun, hold);
      return { ...delivery, outcome: 'failed' };
    }
    await operations.progress(begun.id, { step: 'answered', delivered: delivery });
    return this.#settle(begun, hold, delivery);
  }

  async #settle(begun: Begun, hold: string, delivery: Delivery): Promise<WorkResult> {
    const { ledgerClient, meter, operations } = this.#options;
    const data = { hold, amount: '1' };
    const words = { purpose: begun.operation };
    let answer = await this.#atHold(
      hold,
      requestOf(
        { type: 'settle', operation: 'credits-settle', account: '', data, content: data, words },
        { key: begun.id },
      ),
    );
    if (answer.problem?.code === 'HOLD_ENDED' && answer.problem.hold?.status !== 'settled') {
      // The hold has expired meanwhile: the delivery is paid for from the balance.
      answer = await ledgerClient.ask(
        requestOf(
          {
            type: 'spend',
            operation: 'credits-late',
            account: begun.account,
            data: { amount: '1' },
            content: data,
            words,
          },
          { key: begun.id },
        ),
      );
      if (answer.outcome === 'refused')
        await operations.progress(begun.id, {
          step: 'answered',
          reason: 'delivered and not paid: the hold had ended and nothing was left',
        });
    } else if (answer.outcome === 'refused' && answer.problem?.code !== 'HOLD_ENDED') throw refusedBy(answer.problem);
    const state = answer.state ?? (await this.#state(begun.account));
    if (answer.outcome === 'booked' && !answer.replayed) {
      meter.consumed({ tier: state.settings.tier ?? baseTier, feature: begun.operation, credits: 1 });
    }
    return {
      outcome: 'delivered',
      delivery,
      available: answer.available ?? state.available ?? state.balance,
      usedTotal: state.used_total,
    };
  }

  #hold(begun: Begun): Promise<Answer> {
    const data = { amount: '1', expires_in_ms: holdMs };
    return this.#options.ledgerClient.ask(
      requestOf(
        { type: 'hold', operation: 'credits-hold', account: begun.account, data, content: data },
        { key: begun.id },
      ),
    );
  }

  async #release(begun: Begun, hold: string): Promise<void> {
    const data = { hold };
    const answer = await this.#atHold(
      hold,
      requestOf({ type: 'release', operation: 'credits-release', account: '', data, content: data }, { key: begun.id }),
    );
    // An expired hold has been released already.
    if (answer.outcome === 'refused' && answer.problem?.code !== 'HOLD_ENDED') throw refusedBy(answer.problem);
  }

  #atHold(hold: string, request: LedgerRequest): Promise<Answer> {
    const { ledgerClient } = this.#options;
    const partition = partitionOfHold(hold, ledgerClient.partitions);
    if (partition === null) throw new AppError('bug', 'INVARIANT_BROKEN', `the ledger named a hold ${hold}`);
    return ledgerClient.ask(request, partition);
  }

  async #state(account: string): Promise<AccountState> {
    const state = await this.#options.ledger.account({ id: account });
    if (state === null) throw new AppError('bug', 'INVARIANT_BROKEN', 'an account with a hold does not exist');
    return state;
  }
}
