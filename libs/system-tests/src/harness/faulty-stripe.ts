import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { EmbeddedPlatform } from './embedded.ts';

type Fault = 'fail' | 'limit' | 'drop';
const faults: readonly Fault[] = ['fail', 'limit', 'drop'];
/** What one request carries from hop to hop only. */
const ofTheHop = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive']);
const webhookSecret = 'whsec_of_a_faulty_stripe';

/**
 * Stripe with faults: the simulator of a platform of its own, which lives on when the platform under test is killed,
 * behind a proxy that answers 500 or 429 or ends the connection, before or after a call had its effect. Webhooks are
 * delivered when a spec asks for it.
 */
export class FaultyStripe {
  readonly #owner: EmbeddedPlatform;
  readonly #server: Server;
  readonly #random: () => number;
  readonly #target: string;
  readonly #key: string;
  /** How many of a hundred calls fail. */
  faultsPercent = 0;
  /** Calls that are not answered, nor carried out, while it says so. */
  silentTo: (call: { readonly method: string; readonly path: string }) => boolean = () => false;
  /** How many calls got no answer so. */
  silences = 0;

  private constructor(
    owner: EmbeddedPlatform,
    server: Server,
    { target, key }: { readonly target: string; readonly key: string },
    random: () => number,
  ) {
    this.#key = key;
    this.#owner = owner;
    this.#server = server;
    this.#target = target;
    this.#random = random;
  }

  static async start(random: () => number): Promise<FaultyStripe> {
    const owner = await EmbeddedPlatform.start();
    const target = /simulator at (http:\/\/[\d.:]+)/.exec(owner.program.output())?.[1];
    if (target === undefined) throw new Error(`no simulator:\n${owner.program.output()}`);
    const server = createServer();
    const key = `sk_test_${(await readFile(join(owner.dataDir, 'secrets', 'stripe-simulator-key'), 'utf8')).trim()}`;
    const stripe = new FaultyStripe(owner, server, { target, key }, random);
    server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) =>
        void stripe.#answer(request, response).catch(() => request.socket.destroy()),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return stripe;
  }

  /** Settings of a platform that is charged by it. */
  get env(): Readonly<Record<string, string>> {
    const { port } = this.#server.address() as AddressInfo;
    return {
      STRIPE_SECRET_KEY: this.#key,
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      STRIPE_API_BASE: `http://127.0.0.1:${port}`,
    };
  }

  /** Reads what it keeps. */
  rows<Row extends object>(sql: string, values?: readonly unknown[]): Promise<readonly Row[]> {
    return this.#owner.rows<Row>(sql, values);
  }

  /** A header as Stripe signs, by the real clock. */
  signature(payload: string, secret = webhookSecret, atS = Math.floor(Date.now() / 1000)): string {
    return `t=${atS},v1=${createHmac('sha256', secret).update(`${atS}.${payload}`).digest('hex')}`;
  }

  /** Everything that it has to tell, as it would be posted. */
  async webhooks(): Promise<readonly string[]> {
    return (await this.rows<{ body: object }>('select body from stripe_simulator.events order by position')).map(
      ({ body }) => JSON.stringify(body),
    );
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#owner.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    if (this.silentTo({ method: request.method ?? '', path: (request.url ?? '').split('?', 1)[0] ?? '' }))
      return void this.silences++;
    const fault =
      this.#random() * 100 < this.faultsPercent ? faults[Math.floor(this.#random() * faults.length)] : undefined;
    const before = this.#random() < 0.5;
    if (fault !== undefined && before) return spoil(fault, request, response);
    const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      ofTheHop.has(name) || value === undefined ? [] : [[name, String(value)]],
    );
    const withBody = request.method === 'GET' || pieces.length === 0 ? {} : { body: Buffer.concat(pieces) };
    const answered = await fetch(`${this.#target}${request.url ?? ''}`, {
      method: request.method ?? 'GET',
      headers,
      ...withBody,
    });
    const text = await answered.text();
    if (fault !== undefined) return spoil(fault, request, response);
    response.writeHead(answered.status, { 'content-type': 'application/json' }).end(text);
  }
}

function spoil(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  if (fault === 'drop') return void request.socket.destroy();
  const [status, error] =
    fault === 'fail' ? [500, { type: 'api_error' }] : [429, { type: 'invalid_request_error', code: 'rate_limit' }];
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
}
