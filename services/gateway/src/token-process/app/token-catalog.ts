import { setTimeout as delay } from 'node:timers/promises';

import type { BillingQueries, TokenCatalog } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { RateCard } from '@tollgate/pricing';
import { modelMeter, parseRateCard, rateUsage } from '@tollgate/pricing';
import { sharedWhileUnderWay } from '@tollgate/service-kit';

import type { Endpoint, Package } from '../domain/token-process.ts';

/** The catalog, indexed for start and end. */
export type KnownCatalog = {
  readonly tag: string;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly packages: ReadonlyMap<string, Package>;
  readonly card: RateCard;
};

/** From this age on the copy is compared with billing's in the background of a request … */
const comparedAfterMs = 300;
/** … and from this age on before it, so that a change at another gateway is seen within a second. */
const staleMs = 900;
/** Maximum delay of a request if billing does not answer. The copy is used then. */
const waitMs = 250;

/** This gateway's copy of billing's small catalog, so that start and end make no call to billing. */
export class TokenCatalogCopy {
  readonly #billing: Pick<BillingQueries, 'tokenCatalog'>;
  readonly #nowMs: () => number;
  #known: KnownCatalog | null = null;
  /** Start time and number of the fetch of the copy. An older fetch never replaces a newer one. */
  #comparedMs = -Infinity;
  #accepted = 0;
  #started = 0;
  readonly #fetchOnce = sharedWhileUnderWay(() => this.#fetch());

  /** `nowMs`: reads a monotonic clock. */
  constructor(billing: Pick<BillingQueries, 'tokenCatalog'>, nowMs = (): number => performance.now()) {
    this.#billing = billing;
    this.#nowMs = nowMs;
  }

  /** @throws AppError('unavailable') when billing was never reached. */
  current(): KnownCatalog | Promise<KnownCatalog> {
    const known = this.#known;
    const ageMs = this.#nowMs() - this.#comparedMs;
    if (known !== null && ageMs < comparedAfterMs) return known;
    const underWay = this.#fetchOnce();
    if (known === null) return underWay;
    const compared = underWay.catch(() => {
      // Billing is away: retry later, not on every request.
      this.#comparedMs = this.#nowMs();
      return known;
    });
    return ageMs < staleMs ? known : Promise.race([compared, delay(waitMs, known, { ref: false })]);
  }

  /** Call after a change through this gateway: the next start sees it, even if billing cannot be reached then. */
  async changed(): Promise<void> {
    this.#comparedMs = -Infinity;
    await this.#fetch().catch(() => undefined);
  }

  /** A copy with every change made before this call. */
  fresh(): Promise<KnownCatalog> {
    return this.#fetch();
  }

  async #fetch(): Promise<KnownCatalog> {
    const number = ++this.#started;
    const startedMs = this.#nowMs();
    const known = this.#known;
    const found = await this.#billing.tokenCatalog(known === null ? {} : { known: known.tag });
    const next = found === null ? known : readCatalog(found);
    if (next === null) throw new AppError('unavailable', 'BILLING_UNAVAILABLE', 'billing answered without its catalog');
    if (number < this.#accepted) return this.#known ?? next;
    this.#accepted = number;
    this.#comparedMs = startedMs;
    this.#known = next;
    return next;
  }
}

const readCatalog = ({ tag, endpoints, packages, card }: TokenCatalog): KnownCatalog => ({
  tag,
  endpoints: new Map(endpoints.map((endpoint) => [endpoint.id, endpoint])),
  packages: new Map(packages.map((one) => [one.id, one])),
  card: parseRateCard(card),
});

/** The cost of usage by the current card; 0 without a rate. */
export function costOf(
  catalog: KnownCatalog,
  usage: { readonly model?: string | undefined; readonly input: number; readonly output: number },
): bigint {
  const quantities = new Map([
    ['input_tokens', BigInt(usage.input)],
    ['output_tokens', BigInt(usage.output)],
  ]);
  return rateUsage(catalog.card, modelMeter, { model: usage.model, quantities })?.cost ?? 0n;
}
