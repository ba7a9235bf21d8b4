import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Http } from '../http.ts';
import type { Trouble } from '../outbox.ts';
import { Outbox } from '../outbox.ts';
import { AnsweringServer } from './answering-server.ts';

/** A server that answers as a spec says, and outboxes that send to it, with a folder of their own. */
export class OutboxHarness {
  readonly server: AnsweringServer;
  readonly folder: string;
  readonly troubles: Trouble[] = [];
  readonly #outboxes: Outbox[] = [];

  private constructor(server: AnsweringServer, folder: string) {
    this.server = server;
    this.folder = folder;
  }

  static async start(): Promise<OutboxHarness> {
    return new OutboxHarness(await AnsweringServer.start(), await mkdtemp(join(tmpdir(), 'tollgate-spool-')));
  }

  http(): Http {
    return new Http({ baseUrl: this.server.url, apiKey: 'key', retryFirstMs: 5 });
  }

  open(options: Partial<ConstructorParameters<typeof Outbox>[1]> = {}): Outbox {
    const outbox = new Outbox(this.http(), {
      folder: this.folder,
      firstMs: 20,
      maxMs: 100,
      onTrouble: (trouble) => this.troubles.push(trouble),
      ...options,
    });
    this.#outboxes.push(outbox);
    return outbox;
  }

  /** Names of the requests that wait on disk. */
  async kept(): Promise<string[]> {
    return (await readdir(this.folder)).filter((name) => name.endsWith('.json'));
  }

  async stop(): Promise<void> {
    for (const outbox of this.#outboxes.splice(0)) await outbox.close({ timeoutMs: 0 });
    await this.server.down().catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Waits at most ten seconds; `what` is named when it does not come. */
export async function waitFor(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 10_000; !(await condition());) {
    if (Date.now() > until) throw new Error(`waited in vain for ${what}`);
    await delay(5);
  }
}
