import { randomUUID } from 'node:crypto';

import type { CallOptions, Http } from './http.ts';
import type { Outbox } from './outbox.ts';

/** Usage as it happened: a CloudEvent without what the library fills in. */
export type UsageEvent = {
  /** The account that is metered. */
  readonly subject: string;
  /** The meter: `llm.tokens`, `request`, or one of your own in the catalog. */
  readonly type: string;
  /**
   * The quantities: `{input_tokens, output_tokens, model?, …}`, `{quantity}`; a name that the rate card does not know
   * is refused. Whole numbers, or decimal strings beyond 2^53.
   */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** Identity with source and subject, for ever; default: a new UUID. */
  readonly id?: string | undefined;
  /** When it happened; default: now. */
  readonly time?: string | Date | undefined;
  /** Default: the `source` of the meter. */
  readonly source?: string | undefined;
};

export type Receipt = { readonly id: string; readonly partition: number; readonly offset: number };
export type RejectedEvent = {
  readonly index: number;
  readonly id?: string;
  readonly code: string;
  readonly detail: string;
};
export type EventsAccepted = {
  readonly accepted: number;
  readonly receipts: readonly Receipt[];
  readonly rejected: readonly RejectedEvent[];
};
export type EventResult = {
  /** Absent when the event had none that could be read. */
  readonly id?: string;
  readonly status: 'booked' | 'duplicate' | 'refused';
  readonly entry?: Readonly<Record<string, unknown>>;
  readonly problem?: Readonly<Record<string, unknown>>;
};

const batchType = 'application/cloudevents-batch+json';
/** As many as the platform takes in one request (running.md §5). */
const eventsMax = 1_000;

export function toCloudEvent(event: UsageEvent, source: string): Record<string, unknown> {
  const time = event.time instanceof Date ? event.time.toISOString() : (event.time ?? new Date().toISOString());
  return {
    specversion: '1.0',
    id: event.id ?? randomUUID(),
    source: event.source ?? source,
    type: event.type,
    subject: event.subject,
    time,
    ...(event.data === undefined ? {} : { data: event.data }),
  };
}

/** Sends events, 1,000 in a request; each is refused or accepted by itself. */
export class Events {
  readonly #http: Http;
  readonly #source: string;

  constructor(http: Http, source: string) {
    this.#http = http;
    this.#source = source;
  }

  /** Resolves when the platform's log holds them: from then on they are counted, whatever crashes. */
  async send(events: readonly UsageEvent[], options: CallOptions = {}): Promise<EventsAccepted> {
    const all = await this.#post<EventsAccepted>(events, options, undefined);
    return {
      accepted: all.reduce((sum, { accepted }) => sum + accepted, 0),
      receipts: all.flatMap(({ receipts }) => receipts),
      rejected: all.flatMap(({ rejected }, at) =>
        rejected.map((one) => ({ ...one, index: one.index + at * eventsMax })),
      ),
    };
  }

  /** Resolves when they are booked or refused, in order. */
  async book(events: readonly UsageEvent[], options: CallOptions = {}): Promise<readonly EventResult[]> {
    const all = await this.#post<{ readonly results: readonly EventResult[] }>(events, options, 'booked');
    return all.flatMap(({ results }) => results);
  }

  /** One after the other, so that events of one account keep their order. */
  async #post<Body>(
    events: readonly UsageEvent[],
    options: CallOptions,
    wait: string | undefined,
  ): Promise<readonly Body[]> {
    // The ids are made once, so a repetition sends the same events.
    const all = events.map((event) => toCloudEvent(event, this.#source));
    const answers: Body[] = [];
    for (let from = 0; from === 0 || from < all.length; from += eventsMax) {
      const { body } = await this.#http.send<Body>({
        ...options,
        // A key is of one request: the events have identities of their own.
        ...(options.idempotencyKey === undefined || from === 0
          ? {}
          : { idempotencyKey: `${options.idempotencyKey}:${from}` }),
        method: 'POST',
        path: '/v1/events',
        query: { wait },
        body: all.slice(from, from + eventsMax),
        contentType: batchType,
      });
      answers.push(body);
    }
    return answers;
  }
}

export type MeterOptions = {
  /** Names this producer: part of every event's identity. Default `sdk`. */
  readonly source?: string | undefined;
  /** Default 500, at most 1,000. */
  readonly batchMax?: number | undefined;
  /**
   * How long an event waits for others while nothing is under way. Default 0: it is sent at once, with all that was
   * recorded in the same turn; what is recorded while a batch is under way goes with the next.
   */
  readonly lingerMs?: number | undefined;
  /** Hears of events that the platform refused one by one, with reasons. */
  readonly onRejected?: ((event: Readonly<Record<string, unknown>>, rejected: RejectedEvent) => void) | undefined;
};

type Waiting = {
  readonly event: Record<string, unknown>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Collects events into batches. `record` resolves when its event is on disk or with the platform: from then on it is
 * counted exactly once, also when this process is killed.
 */
export class Meter {
  readonly #outbox: Outbox;
  readonly #options: MeterOptions;
  readonly #batchMax: number;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #sending = new Set<Promise<void>>();

  constructor(outbox: Outbox, options: MeterOptions = {}) {
    this.#outbox = outbox;
    this.#options = options;
    this.#batchMax = Math.min(eventsMax, Math.max(1, options.batchMax ?? 500));
  }

  record(event: UsageEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event: toCloudEvent(event, this.#options.source ?? 'sdk'), resolve, reject });
      if (this.#waiting.length >= this.#batchMax) this.#send();
      else this.#wake();
    });
  }

  /** Resolves when everything recorded so far is on disk or delivered. */
  async flush(): Promise<void> {
    this.#send();
    await Promise.all(this.#sending);
  }

  /** Sends what waits when its time has come; while a batch is under way, when that is over. */
  #wake(): void {
    const { lingerMs = 0 } = this.#options;
    if (this.#waiting.length === 0 || (lingerMs === 0 && this.#sending.size > 0)) return;
    this.#timer ??= setTimeout(() => this.#send(), lingerMs);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting.splice(0, this.#batchMax);
    if (batch.length === 0) return;
    const events = batch.map(({ event }) => event);
    const sending = this.#outbox
      .deliver<EventsAccepted>({ id: randomUUID(), path: '/v1/events', body: events, contentType: batchType }, 1_000)
      .then(
        (accepted) => {
          for (const rejected of accepted?.rejected ?? [])
            this.#options.onRejected?.(events[rejected.index] ?? {}, rejected);
          for (const { resolve } of batch) resolve();
        },
        (error: unknown) => {
          for (const { reject } of batch) reject(error);
        },
      )
      .finally(() => {
        this.#sending.delete(sending);
        this.#wake();
      });
    this.#sending.add(sending);
    if (this.#waiting.length > 0) this.#send();
  }
}
