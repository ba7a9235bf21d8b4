import { invalid, missing } from './failure.ts';
import { metadataOf, type Params, textOf } from './form.ts';
import { newId, type StoredObject, type Transaction } from './postgres/store.ts';

export async function createProduct(tx: Transaction, params: Params): Promise<StoredObject> {
  const id = textOf(params, 'id') ?? newId('prod');
  if ((await tx.get('product', id)) !== null)
    throw invalid('Product already exists.', { code: 'resource_already_exists' });
  return tx.put({
    id,
    object: 'product',
    created: tx.nowS,
    active: true,
    name: textOf(params, 'name') ?? '',
    metadata: metadataOf(params),
  });
}

export async function createPrice(tx: Transaction, params: Params): Promise<StoredObject> {
  const product = textOf(params, 'product') ?? '';
  if ((await tx.get('product', product)) === null) throw missing('product', product, 'product');
  const lookupKey = textOf(params, 'lookup_key') ?? null;
  if (lookupKey !== null && (await pricesBy(tx, [lookupKey])).length > 0) {
    throw invalid(`A price (${lookupKey}) already uses that lookup key.`, { param: 'lookup_key' });
  }
  return tx.put({
    id: newId('price'),
    object: 'price',
    created: tx.nowS,
    active: true,
    type: 'recurring',
    product,
    currency: textOf(params, 'currency'),
    unit_amount: Number(textOf(params, 'unit_amount')),
    lookup_key: lookupKey,
    recurring: { interval: 'month', interval_count: 1 },
    metadata: metadataOf(params),
  });
}

export async function pricesBy(tx: Transaction, lookupKeys: readonly string[]): Promise<readonly StoredObject[]> {
  const found = await Promise.all(
    lookupKeys.map((key) => tx.list({ kind: 'price', where: { lookup_key: key }, limit: 10 })),
  );
  return found.flatMap(({ data }) => data);
}
