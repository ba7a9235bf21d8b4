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
    'day,kind,model,entries,amount,input_tokens,output_tokens,cache_read_tokens\r\n' +
    '2026-11-21,spent,m-1,3,-37,800,120,640\r\n',
};
