import { expect, it } from '@jest/globals';
import { AppError } from '@tollgate/kernel';

import { readRequest } from './read-request.ts';

const time = '2030-01-01T00:00:00Z';
/** A request of every type with every member set. */
const data: Readonly<Record<string, unknown>> = {
  open: {
    kind: 'wallet',
    unit: 'u',
    owner: 'o',
    status: 'active',
    grant: '5',
    settings: {
      limit: '5',
      overdraft: 'unlimited',
      allowance: '1',
      period: 'P1D',
      trial_end: time,
      plan: 'x',
      package: 'p',
      package_expires: time,
      initial_gift: 'given',
      tier: 't',
      tier_end: time,
      base_allowance: '1',
      period_from: time,
    },
  },
  change: {
    owner: null,
    status: 'active',
    settings: { limit: null, plan: 'p' },
    balance: '5',
    used: '1',
    if_owner: null,
  },
  tier: { change: 'raise', tier: 't', allowance: '5', days: 3, only_from_base: true },
  grant: {
    amount: '1',
    priority: 1,
    expires_at: time,
    settings: { limit: '1' },
    initial_gift: true,
    terms: { package: 'p', overdraft: true, unexpired: true, minimum: '1', refused: 'x' },
  },
  spend: {
    meter: 'llm.tokens',
    inputs: { input_tokens: 1, output_tokens: '2', model: 'm' },
    actor: 'x',
    terms: { minimum: '1' },
  },
  hold: { amount: '1', expires_in_ms: 5, parent: 'h-1-1-1', terms: {} },
  settle: { hold: 'h-1-1-1', amount: '1', of: 'a', if_over: 'spend', terms: {} },
  extend: { hold: 'h-1-1-1', amount: '1' },
  release: { hold: 'h-1-1-1' },
  correct: { entry: '1-1', amount: '1' },
  limit: { limit: '1', fetched_at: time },
  withdraw: { source: 's', id: 'i', hold: 'h-1-1-1', entry: '1-1' },
  tick: {},
  clock: {},
  catalog: {
    item: { catalog: 'rate-card', name: 'default', version: 1, effective_from: time, content: { profit_percent: 5 } },
  },
};
const wrong = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  '',
  'x',
  '-1',
  '\u0000',
  '\ud800',
  [],
  [null],
  {},
  { a: null },
  '9'.repeat(30),
];

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const pathsOf = (value: unknown): string[][] => [
  [],
  ...(isObject(value) ? Object.keys(value).flatMap((name) => pathsOf(value[name]).map((path) => [name, ...path])) : []),
];
function withMember(value: unknown, [name, ...rest]: string[], put: unknown): unknown {
  if (name === undefined) return put;
  return isObject(value) ? { ...value, [name]: withMember(value[name], rest, put) } : value;
}

// Guarantee: rule 13; a record that some producer got wrong never stops its partition.
it.each(Object.keys(data))('%s is read or refused with its reason, whatever any member of it is', (type) => {
  const request = {
    v: 1,
    type,
    source: 's',
    id: 'i',
    account: 'a',
    data: data[type],
    hash: '0'.repeat(32),
    keyed: true,
    occurred: time,
    correlation: 'c',
    details: { salt: '0'.repeat(32), metadata: {} },
  };
  expect(readRequest(JSON.stringify(request), 0)).toMatchObject({ command: { type } });
  const thrown: string[] = [];
  for (const path of pathsOf(request)) {
    for (const value of wrong) {
      try {
        readRequest(JSON.stringify(withMember(request, path, value)) ?? '', 0);
      } catch (error) {
        if (!(error instanceof AppError) || error.kind === 'bug')
          thrown.push(`${path.join('.')} = ${JSON.stringify(value)}: ${String(error)}`);
      }
    }
  }
  expect(thrown).toEqual([]);
});
