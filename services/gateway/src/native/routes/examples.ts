export const entryExample = {
  id: '17-412',
  account: 'acme',
  seq: '9',
  kind: 'spent',
  amount: '-1',
  balance_after: '999',
  held_after: '0',
  used_after: '1',
  unit: 'token',
  contra: 'usage',
  source: 'http:spend',
  request_id: 'k-1',
  ordinal: 0,
  occurred_at: '2026-11-21T12:00:00.000Z',
  recorded_at: '2026-11-21T12:00:00.000Z',
  offset: '812',
};
export const accountExample = {
  id: 'acme',
  kind: 'wallet',
  unit: 'token',
  status: 'active',
  owner: null,
  balance: '999',
  held: '0',
  available: '999',
  used: '1',
  used_total: '1',
  settings: {},
  as_of: { seq: '9', recorded_at: '2026-11-21T12:00:00.000Z' },
  lots: [{ lot: '1', granted: '1000', left: '999', priority: 100, expires_at: null }],
  holds: [],
  limits: [],
  opened_at: '2026-11-20T08:00:00.000Z',
};
export const reportExample = {
  account: 'demo',
  from: '2026-11-01T00:00:00.000Z',
  to: '2026-12-01T00:00:00.000Z',
  by: 'use',
  zone: 'UTC',
  entries: 3,
  amount: '-37',
  rows: [
    {
      day: '2026-11-21',
      kind: 'spent',
      model: 'm-1',
      entries: 3,
      amount: '-37',
      input_tokens: '800',
      output_tokens: '120',
      counts: { cache_read_tokens: '640' },
    },
  ],
};
/** The same with `format=csv`. */
export const reportCsv = {
  'text/csv':
    'day,kind,model,entries,amount,input_tokens,output_tokens,cache_read_tokens\r\n2026-11-21,spent,m-1,3,-37,800,120,640\r\n',
};
export const holdExample = {
  hold_id: 'h-17-4-9',
  status: 'settled',
  amount: '50',
  expires_at: '2026-11-21T12:10:00.000Z',
  entry: entryExample,
  available: '957',
};
/** Not enough, where waiting for a reset helps. */
export const exhaustedUntil = [
  429,
  'allowance exhausted until resets_at',
  {
    type: 'urn:tollgate:problem:allowance-exhausted',
    title: 'Allowance exhausted',
    status: 429,
    code: 'ALLOWANCE_EXHAUSTED',
    detail: 'not enough is left',
    correlation_id: 'k3x9-17',
    limit: { account: 'acme' },
    asked: '2',
    available: '1',
    resets_at: '2026-12-01T00:00:00.000Z',
  },
] as const;
