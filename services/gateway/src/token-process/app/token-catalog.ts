import { setTimeout as delay } from 'node:timers/promises';

import type { BillingQueries, TokenCatalog } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { RateCard } from '@tollgate/pricing';
import { modelMeter, parseRateCard, rateUsage } from '@tollgate/pricing';
import { sharedWhileUnderWay } from '@tollgate/service-kit';

import type { Endpoint, Package } from '../domain/token-process.ts';

/** The catalog as start and end look things up. */
export type KnownCatalog = {
  readonly tag: string;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly packages: ReadonlyMap<string, Package>;
  readonly card: RateCard;
};

/** From this age on the copy is compared with billing's behind the request that uses it, … */
const comparedAfterMs = 300;
/** … and from this age on before it: what an admin changed at another gateway is seen within a second. */
const staleMs = 900;
/** A billing that does not answer delays a start no longer than this; the copy goes on working. */
const waitMs = 250;

/** This gateway's copy of billing's small catalog: a start or end costs no question to another service. */
export class TokenCatalogCopy {
  private readonly billing: Pick<BillingQueries, 'tokenCatalog'>;
  private readonly nowMs: () => number;
  private known: KnownCatalog | null = null;
  /** When the fetch of the copy began, and its number: an older fetch never replaces a newer one. */
  private comparedMs = -Infinity;
  private accepted = 0;
  private started = 0;
  private readonly fetchOnce = sharedWhileUnderWay(() => this.fetch());

  /** `nowMs`: of a clock that never goes back. */
  constructor(billing: Pick<BillingQueries, 'tokenCatalog'>, nowMs = (): number => performance.now()) {
    this.billing = billing;
    this.nowMs = nowMs;
  }

  /** @throws AppError('unavailable') when billing was never reached. */
  current(): KnownCatalog | Promise<KnownCatalog> {
    const { known } = this;
    const ageMs = this.nowMs() - this.comparedMs;
    if (known !== null && ageMs < comparedAfterMs) return known;
    const underWay = this.fetchOnce();
    if (known === null) return underWay;
    const compared = underWay.catch(() => {
      // Billing is away: ask again later, not at every request.
      this.comparedMs = this.nowMs();
      return known;
    });
    return ageMs < staleMs ? known : Promise.race([compared, delay(waitMs, known, { ref: false })]);
  }

  /** After a change through this gateway: the next start sees it, also when billing cannot be asked just now. */
  async changed(): Promise<void> {
    this.comparedMs = -Infinity;
    await this.fetch().catch(() => undefined);
  }

  /** With every change that was made before this call. */
  fresh(): Promise<KnownCatalog> {
    return this.fetch();
  }

  private async fetch(): Promise<KnownCatalog> {
    const number = ++this.started;
    const startedMs = this.nowMs();
    const { known } = this;
    const found = await this.billing.tokenCatalog(known === null ? {} : { known: known.tag });
    const next = found === null ? known : readCatalog(found);
    if (next === null) throw new AppError('unavailable', 'BILLING_UNAVAILABLE', 'billing answered without its catalog');
    if (number < this.accepted) return this.known ?? next;
    this.accepted = number;
    this.comparedMs = startedMs;
    this.known = next;
    return next;
  }
}

const readCatalog = ({ tag, endpoints, packages, card }: TokenCatalog): KnownCatalog => ({
  tag,
  endpoints: new Map(endpoints.map((endpoint) => [endpoint.id, endpoint])),
  packages: new Map(packages.map((one) => [one.id, one])),
  card: parseRateCard(card),
});

/** What usage would cost by the card in force; 0 where no rate is. */
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
