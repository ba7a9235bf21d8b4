import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { writeDurably } from './durable-file.ts';

const opening = { id: 'demo', kind: 'wallet', unit: 'token' };
const grant = { amount: '1000', reason: 'a first thousand units to try' };

/**
 * Gives a new data folder the wallet `demo` with 1,000 units, through the API like anybody else. Both requests carry a
 * key, so a crash between them and the note in the folder books nothing twice. Answers whether it was done now.
 */
export async function openDemoWallet(options: {
  readonly dataDir: string;
  readonly address: string;
  readonly serverKey: string;
}): Promise<boolean> {
  const note = join(options.dataDir, 'demo-wallet');
  if (existsSync(note)) return false;
  const post = async (path: string, key: string, body: unknown): Promise<void> => {
    const headers = {
      'content-type': 'application/json',
      'x-server-api-key': options.serverKey,
      'idempotency-key': key,
    };
    const response = await fetch(`${options.address}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok)
      throw new Error(
        `the wallet demo could not be opened: POST ${path} answered ${response.status} ${await response.text()}`,
      );
    await response.body?.cancel();
  };
  await post('/v1/accounts', 'demo-opening', opening);
  await post('/v1/accounts/demo/grants', 'demo-grant', grant);
  writeDurably(note, new Date().toISOString());
  return true;
}
