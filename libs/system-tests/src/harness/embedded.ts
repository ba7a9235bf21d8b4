import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runningEmbeddedPostgres } from '@tollgate/persistence';
import { freePort, waitFor } from '@tollgate/testing';

import { Client } from './client.ts';
import { type Platform, queryOnce, ready } from './platform.ts';
import { Program, removeFolder, runCli, type Variables, workFolder } from './program.ts';

const serverKey = 'system-tests-server-key';
const password = 'system-tests-password';
const optimizeAdminToken = 'system-tests-optimize-admin';

/** The embedded platform as `npm start` runs it, on a data folder and a port of its own. */
export class EmbeddedPlatform implements Platform {
  readonly name = 'embedded';
  readonly admin = { email: 'admin@localhost', password };
  readonly optimizeAdminToken = optimizeAdminToken;
  readonly server: Client;
  readonly anybody: Client;
  readonly figures: Client;
  readonly program: Program;
  readonly dataDir: string;
  readonly #folder: string;
  readonly #env: Variables;

  private constructor(folder: string, port: number, env: Variables) {
    this.#folder = folder;
    this.dataDir = join(folder, 'data');
    this.#env = {
      DATA_DIR: this.dataDir,
      PORT: String(port),
      SERVER_API_KEY: serverKey,
      ADMIN_PASSWORD: password,
      OPTIMIZE_ADMIN_TOKEN: optimizeAdminToken,
      ALLOW_PRIVATE_WEBHOOKS: '1',
      ...env,
    };
    this.program = new Program({ program: 'platform', env: this.#env, logFile: join(folder, 'platform.log') });
    this.anybody = new Client(`http://127.0.0.1:${port}`);
    this.figures = this.anybody;
    this.server = this.anybody.with({ 'x-server-api-key': serverKey });
  }

  static async start(env: Variables = {}): Promise<EmbeddedPlatform> {
    const platform = new EmbeddedPlatform(workFolder(), await freePort(), env);
    try {
      await platform.start();
    } catch (error) {
      await platform.stop();
      throw error;
    }
    return platform;
  }

  /** Starts it, or starts it again on the same folder and port. */
  async start(): Promise<void> {
    this.program.start();
    await Promise.race([ready(this), this.#died()]);
  }

  /** A second platform on the same folder; answers how it ended and what it printed. */
  async startAnother(): Promise<{ readonly how: string; readonly output: string }> {
    const second = new Program({
      program: 'platform',
      env: { ...this.#env, PORT: '0' },
      logFile: join(this.#folder, 'second.log'),
    });
    second.start();
    await waitFor('the second start to end', () => !second.running, 20_000);
    return { how: await second.ended(), output: second.output() };
  }

  async rows<Row extends object>(
    sql: string,
    values?: readonly unknown[],
    before?: readonly string[],
  ): Promise<readonly Row[]> {
    const url = await runningEmbeddedPostgres(join(this.dataDir, 'postgres'));
    if (url === null) throw new Error('the embedded PostgreSQL does not run');
    return queryOnce<Row>(url, sql, values, before);
  }

  cli(...args: readonly string[]): Promise<{ readonly how: string; readonly output: string }> {
    return runCli({ args, env: this.#env, folder: this.#folder });
  }

  /** What somebody does in Stripe's dashboard; fails where Stripe refuses it. */
  async atStripe(method: 'POST' | 'DELETE', path: string, form: Readonly<Record<string, string>> = {}): Promise<void> {
    // It is another one after each start.
    const address = [...this.program.output().matchAll(/simulator at (http:\S+?),/g)].at(-1)?.[1];
    const key = (await readFile(join(this.dataDir, 'secrets', 'stripe-simulator-key'), 'utf8')).trim();
    const answer = await fetch(`${address}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer sk_test_${key}`, 'content-type': 'application/x-www-form-urlencoded' },
      ...(method === 'POST' ? { body: new URLSearchParams(form) } : {}),
    });
    if (!answer.ok) throw new Error(`the Stripe simulator answered ${answer.status}: ${await answer.text()}`);
  }

  async stop(): Promise<void> {
    await this.program.stop();
    await removeFolder(this.#folder);
  }

  async #died(): Promise<never> {
    const how = await this.program.ended();
    throw new Error(`the platform ended (${how}) and said:\n${this.program.output().slice(-4_000)}`);
  }
}
