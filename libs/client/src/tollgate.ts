import { Accounts } from './accounts.ts';
import { Credits } from './credits.ts';
import type { MeterOptions } from './events.ts';
import { Events, Meter } from './events.ts';
import type { ClientOptions, Health } from './http.ts';
import { Http } from './http.ts';
import type { OutboxOptions } from './outbox.ts';
import { Outbox } from './outbox.ts';
import { TierBilling } from './tier-billing.ts';
import { TokenProcess } from './token-process.ts';

export type TollgateOptions = ClientOptions & {
  /** Where usage waits that cannot be delivered at once. */
  readonly spool?: OutboxOptions | undefined;
  /** Names this producer in events: part of their identity. Default `sdk`. */
  readonly source?: string | undefined;
};

/** The platform, as a product service uses it. Made once a process; `close` before the process ends. */
export class Tollgate {
  readonly accounts: Accounts;
  readonly events: Events;
  readonly tokenProcess: TokenProcess;
  readonly credits: Credits;
  readonly tierBilling: TierBilling;
  readonly outbox: Outbox;
  readonly #http: Http;
  readonly #source: string;
  readonly #meters: Meter[] = [];

  /** @throws TypeError when neither the options nor the environment say where the platform is and who asks. */
  constructor(options: TollgateOptions = {}) {
    const http = new Http(options);
    this.#http = http;
    this.#source = options.source ?? 'sdk';
    this.outbox = new Outbox(http, options.spool);
    this.accounts = new Accounts(http);
    this.events = new Events(http, this.#source);
    this.tokenProcess = new TokenProcess(http, this.outbox);
    this.credits = new Credits(http);
    this.tierBilling = new TierBilling(http, this.outbox);
    // What an earlier run of this service left is delivered now.
    this.outbox.start();
  }

  /** Whether the platform answers, as the calls of this process have seen it. */
  get health(): Health {
    return this.#http.health;
  }

  /** Collects events into batches; several may be used side by side. */
  meter(options: MeterOptions = {}): Meter {
    const meter = new Meter(this.outbox, { source: this.#source, ...options });
    this.#meters.push(meter);
    return meter;
  }

  /** Sends what waits; answers how many requests are still on disk when the time (default 10 s) is over. */
  async close(options: { readonly timeoutMs?: number } = {}): Promise<number> {
    for (const meter of this.#meters) await meter.flush();
    return this.outbox.close(options);
  }
}
