import { expect, it } from '@jest/globals';
import type { TokenCatalog } from '@tollgate/contracts';

import { costOf, TokenCatalogCopy } from './token-catalog.ts';

class Billing {
  tag = 1;
  asked = 0;
  down = false;
  hold: Promise<void> = Promise.resolve();

  tokenCatalog = async ({ known }: { known?: string }): Promise<TokenCatalog | null> => {
    this.asked++;
    if (this.down) throw new Error('billing is down');
    const tag = String(this.tag);
    await this.hold;
    return known === tag ? null : { tag, endpoints: [], packages: [], card: { profit_percent: this.tag } };
  };
}
let nowMs = 0;
const copyOf = (billing: Billing): TokenCatalogCopy => new TokenCatalogCopy(billing, () => nowMs);

it('asks billing once for any number of requests, and sees a change within a second', async () => {
  const billing = new Billing();
  const copy = copyOf(billing);
  for (let index = 0; index < 100; index++) expect((await copy.current()).tag).toBe('1');
  expect(billing.asked).toBe(1);
  billing.tag = 2;
  nowMs += 950;
  expect((await copy.current()).tag).toBe('2');
});

it('has a change of this gateway at once, and an older fetch does not bring the old copy back', async () => {
  const billing = new Billing();
  const copy = copyOf(billing);
  let release: () => void = () => undefined;
  billing.hold = new Promise((resolve) => (release = resolve));
  const slow = copy.current();
  billing.tag = 2;
  billing.hold = Promise.resolve();
  expect((await copy.fresh()).tag).toBe('2');
  release();
  await slow;
  expect((await copy.current()).tag).toBe('2');
});

it('goes on with its copy while billing is down, and fails only when it never had one', async () => {
  const billing = new Billing();
  const copy = copyOf(billing);
  await copy.current();
  billing.down = true;
  nowMs += 950;
  expect((await copy.current()).tag).toBe('1');
  await expect(copyOf(billing).current()).rejects.toThrow('down');
});

it('says what usage would cost', async () => {
  const billing = new Billing();
  billing.tag = 20;
  expect(costOf(await copyOf(billing).current(), { model: 'm', input: 100, output: 400 })).toBe(120n);
});
