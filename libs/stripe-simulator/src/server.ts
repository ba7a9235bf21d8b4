import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import type { Clock } from '@tollgate/kernel';
import { createPool } from '@tollgate/persistence';
import { type Loop, startLoop } from '@tollgate/service-kit';
import type { Pool } from 'pg';

import { deliver } from './deliveries.ts';
import { invalid, SimulatedFailure } from './failure.ts';
import { parseForm } from './form.ts';
import { KeptFailure } from './payments.ts';
import { hashOf, isAnythingDue, oneAtATime, type Transaction } from './postgres/store.ts';
import { type Call, route } from './routes.ts';
import { onDue } from './subscriptions.ts';

export type StripeSimulatorOptions = {
  /** Of the role `tollgate_stripe_simulator`, on a migrated database. */
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly webhookSecret: string;
  /** The only API key it takes. */
  readonly secretKey: string;
  readonly onTrouble: (error: unknown) => void;
  /** For tests of what goes wrong between Stripe and us: what happens to a call before or after it is carried out. */
  readonly fault?: (call: {
    readonly method: string;
    readonly path: string;
    readonly key: string | undefined;
  }) => SimulatedFault | undefined;
};
/**
 * `fail`: 500 · `limit`: 429 · `drop`: the connection ends without an answer · `silence`: it stays open, and nothing
 * comes.
 */
export type SimulatedFault = {
  readonly when: 'before' | 'after';
  readonly what: 'fail' | 'limit' | 'drop' | 'silence';
};

export type StripeSimulator = {
  /** `http://127.0.0.1:port`, for STRIPE_API_BASE. */
  readonly url: string;
  /** Where webhooks go from now on; before, they wait. */
  deliverTo(url: string): void;
  stop(): Promise<void>;
};

/** Stripe forgets keys after 24 hours. */
const keyKeptS = 24 * 3600;
const idleMs = 500;
const bodyMax = 1_000_000;

/**
 * A stand-in for Stripe that keeps its state: the calls this platform makes, in Stripe's own encoding, on loopback. It
 * follows the platform's clock, is durable, delivers signed webhooks, and says what it is in the header
 * `Tollgate-Stripe-Simulator`.
 */
export async function startStripeSimulator(options: StripeSimulatorOptions): Promise<StripeSimulator> {
  const pool = createPool({
    url: options.databaseUrl,
    max: 3,
    applicationName: 'tollgate-stripe-simulator',
    onLostConnection: options.onTrouble,
  });
  let target: string | null = null;
  const loops: Loop[] = [
    startLoop({ round: () => runDue(pool, options.clock), onFailure: options.onTrouble }),
    startLoop({
      round: async () =>
        target === null || (await deliver(pool, { url: target, secret: options.webhookSecret })) ? idleMs : 0,
      onFailure: options.onTrouble,
    }),
  ];
  const [, deliveries] = loops;
  const server = createServer((request, response) => {
    void answer({ pool, options }, request, response)
      .catch(options.onTrouble)
      .finally(() => deliveries?.wake());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    deliverTo: (url) => {
      target = url;
      deliveries?.wake();
    },
    stop: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await Promise.all(loops.map((loop) => loop.stop()));
      await pool.end();
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Renewals and ends whose time has come by the platform's clock; answers how long to rest. */
async function runDue(pool: Pool, clock: Clock): Promise<number> {
  const nowS = (): number => Math.floor(clock.nowMs() / 1000);
  if (!(await isAnythingDue(pool, nowS()))) return idleMs;
  await oneAtATime(pool, nowS, async (tx) => {
    for (const object of await tx.dueObjects()) await onDue(tx, object);
  });
  return 0;
}

type Parts = { readonly pool: Pool; readonly options: StripeSimulatorOptions };
type Answer = { readonly status: number; readonly body: unknown; readonly replayed?: boolean };

async function answer(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const key = headerOf(request, 'idempotency-key');
  const text = await bodyOf(request);
  const call = {
    method: request.method ?? 'GET',
    path: url.pathname
      .replace(/^\/v1\//, '')
      .split('/')
      .map(decodeURIComponent),
    params: parseForm(request.method === 'GET' ? url.search.slice(1) : text),
  };
  const fault = parts.options.fault?.({ method: call.method, path: url.pathname, key });
  const before = fault?.when === 'before' ? fault.what : undefined;
  const answered =
    before === undefined
      ? await carryOut(parts, call, { key, text, authorization: headerOf(request, 'authorization') })
      : faulty[before];
  const after = fault?.when === 'after' ? fault.what : undefined;
  if (before === 'drop' || after === 'drop') return void request.socket.destroy();
  if (before === 'silence' || after === 'silence') return;
  reply(response, after === undefined ? answered : faulty[after]);
}

const faulty: Readonly<Record<SimulatedFault['what'], Answer>> = {
  fail: { status: 500, body: { error: { type: 'api_error', message: 'An unknown error occurred' } } },
  limit: {
    status: 429,
    body: { error: { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests' } },
  },
  drop: { status: 500, body: {} },
  silence: { status: 500, body: {} },
};

function reply(response: ServerResponse, { status, body, replayed }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'tollgate-stripe-simulator': 'true',
    ...(replayed === true ? { 'idempotent-replayed': 'true' } : {}),
  });
  response.end(JSON.stringify(body));
}

async function carryOut(
  parts: Parts,
  call: Call,
  raw: { readonly key: string | undefined; readonly text: string; readonly authorization: string | undefined },
): Promise<Answer> {
  if (!isKey(raw.authorization, parts.options.secretKey)) {
    return { status: 401, body: { error: { type: 'invalid_request_error', message: 'Invalid API Key provided' } } };
  }
  const nowS = (): number => Math.floor(parts.options.clock.nowMs() / 1000);
  try {
    return await oneAtATime(parts.pool, nowS, (tx) => once(tx, call, raw));
  } catch (error) {
    if (error instanceof SimulatedFailure) return { status: error.status, body: error.body };
    parts.options.onTrouble(error);
    return faulty.fail;
  }
}

/** As a bearer, or as the user of basic authentication. */
function isKey(authorization: string | undefined, key: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const given = digest(authorization ?? '');
  return [`Bearer ${key}`, `Basic ${Buffer.from(`${key}:`).toString('base64')}`].some((right) =>
    timingSafeEqual(given, digest(right)),
  );
}

/** A repeated key gets its first answer, and is refused when the parameters differ. */
async function once(
  tx: Transaction,
  call: Call,
  { key, text }: { readonly key: string | undefined; readonly text: string },
): Promise<Answer> {
  if (key === undefined || call.method !== 'POST') return run(tx, call);
  const requestHash = hashOf(`${call.path.join('/')}\n${[...new URLSearchParams(text)].map(String).sort().join('\n')}`);
  const known = await tx.answerOf(key, keyKeptS);
  if (known !== null && known.requestHash !== requestHash) {
    const message =
      `Keys for idempotent requests can only be used with the same parameters they were first ` +
      `used with. Try using a key other than '${key}' if you meant to execute a different request.`;
    throw invalid(message, { type: 'idempotency_error' });
  }
  if (known !== null) return { status: known.status, body: known.body, replayed: true };
  const answered = await run(tx, call);
  await tx.keepAnswer(key, { requestHash, status: answered.status, body: answered.body });
  return answered;
}

/**
 * A refusal that changed something is kept as the answer of its key; any other is rolled back, and its key stays
 * unused.
 */
async function run(tx: Transaction, call: Call): Promise<Answer> {
  try {
    return { status: 200, body: await route(tx, call) };
  } catch (error) {
    if (error instanceof KeptFailure) return { status: error.status, body: error.body };
    throw error;
  }
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size <= bodyMax) pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
