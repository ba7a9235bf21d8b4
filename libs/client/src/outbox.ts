import { TollgateError } from './errors.ts';
import type { Http } from './http.ts';
import type { SpoolBounds, SpooledRequest } from './spool.ts';
import { SpoolFolder } from './spool.ts';

export type Trouble = {
  /**
   * `delayed`: it is kept and sent again. `refused`: the platform will never take it; kept in `refused/`. `damaged`: a
   * file was changed on disk; kept in `damaged/`. `not_kept`: the disk would not take it; it is sent from memory only.
   */
  readonly what: 'delayed' | 'refused' | 'damaged' | 'not_kept';
  readonly message: string;
  readonly error?: unknown;
};

export type OutboxOptions = SpoolBounds & {
  /**
   * Default: `TOLLGATE_SPOOL_DIR`, else `.tollgate-spool` in the working directory. On a disk that survives the
   * process.
   */
  readonly folder?: string | undefined;
  /** Pause before what could not be delivered is sent again; doubles, ± 20 %. Default 800. */
  readonly firstMs?: number | undefined;
  /** Default 60,000. */
  readonly maxMs?: number | undefined;
  /** Hears of what is not delivered at once. Default: a line on stderr. */
  readonly onTrouble?: ((trouble: Trouble) => void) | undefined;
};

const atOnce = 8;
/** Ends a try that hangs: the next one is under the same key. */
const tryMaxMs = 10_000;
/**
 * What is in memory only is tried for about half a minute where nothing answers: a restart of the platform is shorter.
 */
const unkeptRetriesMax = 8;

/**
 * Usage on its way to the platform: on disk before it is sent, removed when the platform has it. Whatever fails in
 * between, a crash of this process too, it is sent again under the same key, so it counts exactly once.
 */
export class Outbox {
  readonly #http: Http;
  readonly #folder: SpoolFolder;
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #onTrouble: (trouble: Trouble) => void;
  /** Being sent by `deliver` now; the round leaves them alone. */
  readonly #sending = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #backoffMs = 0;
  #closed = false;

  constructor(http: Http, options: OutboxOptions = {}) {
    this.#http = http;
    this.#firstMs = options.firstMs ?? 800;
    this.#maxMs = options.maxMs ?? 60_000;
    const { onTrouble = (trouble) => void process.stderr.write(`tollgate: ${trouble.message}\n`) } = options;
    this.#onTrouble = (trouble) => {
      try {
        onTrouble(trouble);
      } catch {
        // A failing callback must not stop the delivery of usage.
      }
    };
    const path = options.folder ?? (process.env['TOLLGATE_SPOOL_DIR'] || '.tollgate-spool');
    this.#folder = new SpoolFolder(path, options, (name) =>
      this.#onTrouble({
        what: 'damaged',
        message: `${name} in the spool ${path} was damaged and is set aside`,
      }),
    );
  }

  /** Requests that wait, as far as this process knows. */
  get waiting(): number {
    return this.#folder.size;
  }

  /** Sends what an earlier run left, now and until it is delivered. */
  start(): void {
    if (!this.#closed) this.#schedule(0);
  }

  /**
   * Keeps the request and sends it. Resolves with the platform's answer when it comes within `waitMs`, else with null:
   * then it is delivered behind the caller's back. Never rejects for want of the platform. What the disk will not take
   * is waited for until it is delivered, unless `unkept` is `'go on'`.
   * @throws TollgateError when the platform refuses this very request for good, or when it was neither kept nor
   * delivered.
   * @throws TypeError for a body that is no JSON.
   */
  async deliver<Body>(
    request: SpooledRequest,
    waitMs: number,
    { unkept = 'wait' }: { readonly unkept?: 'wait' | 'go on' } = {},
  ): Promise<Body | null> {
    JSON.stringify(request.body);
    const name = await this.#folder.put(request).catch((error: unknown) => {
      this.#onTrouble({
        what: 'not_kept',
        message: `${request.id} is not on disk and is sent from memory: ${String(error)}`,
        error,
      });
      return null;
    });
    if (name !== null) this.#sending.add(name);
    const sent = this.#send<Body>(request, name === null ? unkeptRetriesMax : 0)
      .then(
        async (body) => {
          if (name !== null) await this.#folder.remove(name);
          return { body };
        },
        async (error: unknown) => ({ error: await this.#failed(request, name, error) }),
      )
      .finally(() => name !== null && this.#sending.delete(name));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), waitMs)));
    // What is in memory only is waited for: nobody may be told that it is safe.
    const outcome = await (name === null && unkept === 'wait' ? sent : Promise.race([sent, late])).finally(() =>
      clearTimeout(timer),
    );
    if (outcome === null) return null;
    if ('body' in outcome) return outcome.body;
    if (name === null || isFinal(outcome.error)) throw outcome.error;
    return null;
  }

  /** Tries everything that waits at once, until nothing is left or the time is over. Answers how many are left. */
  async flush({ timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {}): Promise<number> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      this.#backoffMs = 0;
      await (this.#round ??= this.#sendAll());
      const left = (await this.#folder.names()).length;
      if (left === 0 || performance.now() >= until) return left;
      await new Promise((resolve) => setTimeout(resolve, Math.min(100, Math.max(0, until - performance.now()))));
    }
  }

  /** What was refused is tried once more. */
  async retryRefused(): Promise<number> {
    const count = await this.#folder.retryRefused();
    if (count > 0) this.start();
    return count;
  }

  /** Ends sending; what waits stays on disk for the next run. */
  async close(options: { readonly timeoutMs?: number } = {}): Promise<number> {
    const left = await this.flush(options);
    this.#closed = true;
    clearTimeout(this.#timer);
    return left;
  }

  async #send<Body>(request: SpooledRequest, retriesMax: number): Promise<Body> {
    const { body } = await this.#http.send<Body>({
      method: 'POST',
      path: request.path,
      body: request.body,
      contentType: request.contentType,
      idempotencyKey: request.id,
      retriesMax,
      timeoutMs: tryMaxMs,
    });
    return body;
  }

  async #failed({ id }: SpooledRequest, name: string | null, error: unknown): Promise<unknown> {
    const text = error instanceof Error ? error.message : String(error);
    if (name === null) {
      this.#onTrouble({ what: 'refused', message: `${id} was neither kept nor delivered: ${text}`, error });
    } else if (isFinal(error)) {
      await this.#folder.refuse(name, text);
      this.#onTrouble({ what: 'refused', message: `${id} is refused: ${text}`, error });
    } else {
      this.#onTrouble({ what: 'delayed', message: `${id} is not delivered yet: ${text}`, error });
      this.#schedule(this.#firstMs);
    }
    return error;
  }

  /** A batch of events is accepted although some of them are wrong (207): nobody waits for this answer any more. */
  #tellRejected({ id }: SpooledRequest, body: unknown): void {
    const { rejected } = (body ?? {}) as { rejected?: unknown };
    if (!Array.isArray(rejected) || rejected.length === 0) return;
    this.#onTrouble({
      what: 'refused',
      message: `${rejected.length} events of ${id} are refused: ${JSON.stringify(rejected.slice(0, 5))}`,
    });
  }

  #schedule(delayMs: number): void {
    if (this.#closed || this.#timer !== undefined || this.#round !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#round ??= this.#sendAll();
    }, delayMs);
    // Usage that waits is on disk: it must not keep a finished program from ending.
    this.#timer.unref();
  }

  /**
   * One round over all that waits; ends where the platform is away, and goes past what has to wait for a reason of its
   * own.
   */
  async #sendAll(): Promise<void> {
    let delayed = false;
    let away = false;
    try {
      const names = (await this.#folder.names()).filter((name) => !this.#sending.has(name));
      for (let from = 0; from < names.length && !away; from += atOnce) {
        const results = await Promise.all(names.slice(from, from + atOnce).map((name) => this.#again(name)));
        delayed ||= results.some((result) => result !== 'done');
        away = results.includes('away');
      }
    } catch (error) {
      delayed = true;
      this.#onTrouble({
        what: 'delayed',
        message: `the spool ${this.#folder.path} cannot be read: ${String(error)}`,
        error,
      });
    } finally {
      this.#round = undefined;
    }
    this.#backoffMs = delayed ? Math.min(this.#maxMs, Math.max(this.#firstMs, this.#backoffMs * 2)) : 0;
    // What failed beside this round, in `deliver`, waits for the next one.
    const left = delayed || this.#folder.size > this.#sending.size;
    if (left) this.#schedule(delayed ? this.#backoffMs * (0.8 + Math.random() * 0.4) : this.#firstMs);
  }

  async #again(name: string): Promise<'done' | 'waits' | 'away'> {
    const request = await this.#folder.read(name);
    if (request === null) return 'done';
    try {
      const body = await this.#send<unknown>(request, 0);
      await this.#folder.remove(name);
      this.#tellRejected(request, body);
    } catch (error) {
      if (isAway(error)) return 'away';
      if (!isFinal(error)) return 'waits';
      await this.#failed(request, name, error);
    }
    return 'done';
  }
}

const statusesOfAll = new Set([0, 401, 429, 502, 503, 504]);
/** The next request would fare no better: nothing answers, or nobody lets us in. */
const isAway = (error: unknown): boolean =>
  error instanceof TollgateError && statusesOfAll.has(error.status) && !isFinal(error);

/** Wrong credentials are somebody's to mend: what was used is kept until then. */
const isFinal = (error: unknown): error is TollgateError =>
  error instanceof TollgateError && !error.temporary && error.status !== 401 && error.status !== 403;
