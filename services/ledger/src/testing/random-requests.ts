import type { LedgerRequest } from '@tollgate/contracts';
import { defaultPricePlanContent } from '@tollgate/pricing';
import fc from 'fast-check';

/** What a step of a random history asks; holds and entries are named by how many were opened before. */
export type Step = {
  readonly at: number;
  readonly ask: (known: Known) => Pick<LedgerRequest, 'type' | 'account' | 'data' | 'occurred'> | undefined;
};
export type Known = { readonly holds: readonly string[]; readonly entries: readonly string[] };

const amount = fc.integer({ min: 1, max: 40 }).map(String);
const account = fc.constantFrom(
  'acme',
  'acme/a',
  'acme/a/u',
  'acme/b',
  'solo',
  'meter',
  'refilled',
  'tiered',
  'key',
  'packaged',
);
const picked = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];

const opening = fc.constantFrom(
  { id: 'acme', data: { kind: 'metered', unit: 'u', settings: { limit: '300' } } },
  { id: 'acme/a', data: { kind: 'wallet', unit: 'u', grant: '50', settings: { limit: '120', period: 'PT1H' } } },
  { id: 'acme/a/u', data: { kind: 'wallet', unit: 'u', grant: '100', settings: { overdraft: '20' } } },
  { id: 'acme/b', data: { kind: 'quota', unit: 'u', settings: { limit: '60' } } },
  { id: 'solo', data: { kind: 'wallet', unit: 'u', grant: '30', settings: { overdraft: 'unlimited' } } },
  { id: 'meter', data: { kind: 'metered', unit: 'u', settings: { plan: 'default' } } },
  { id: 'refilled', data: { kind: 'credits', unit: 'c', settings: { allowance: '40', period: 'P1D' } } },
  {
    id: 'tiered',
    data: {
      kind: 'credits',
      unit: 'c',
      settings: { allowance: '5', base_allowance: '5', tier: 'free', period: 'P1D' },
    },
  },
  { id: 'key', data: { kind: 'licence', unit: 't', grant: '10' } },
  { id: 'packaged', data: { kind: 'wallet', unit: 'token', grant: '60' } },
);

const terms = fc
  .record({
    package: fc.constantFrom(null, null, 'pro', undefined),
    overdraft: fc.constantFrom(true, false, undefined),
    unexpired: fc.boolean(),
    minimum: fc.constantFrom('0', '5'),
    refused: fc.constantFrom(undefined, undefined, undefined, 'not served'),
  })
  .map((given) => JSON.parse(JSON.stringify(given)) as object);
const usage = fc
  .integer({ min: 0, max: 90 })
  .map((output) => ({ meter: 'llm.tokens', inputs: { input_tokens: 3, output_tokens: output } }));
const packageUntil = fc
  .integer({ min: 1, max: 9 })
  .map((hours) => new Date(Date.parse('2026-11-21T10:00:00Z') + hours * 3_600_000).toISOString());

/**
 * What the token-process surface asks: usage and holds under the terms of a package, packages, and the gift of once.
 */
const packaged = fc.oneof(
  fc
    .tuple(usage, terms)
    .map(([used, under]) => () => ({ type: 'spend', account: 'packaged', data: { ...used, terms: under } })),
  fc.tuple(amount, terms).map(([units, under]) => () => ({
    type: 'hold',
    account: 'packaged',
    data: { amount: units, expires_in_ms: 600_000, terms: under },
  })),
  fc.tuple(fc.nat(50), usage, terms).map(
    ([index, used, under]) =>
      ({ holds }: Known) =>
        hold(holds, index, 'settle', { ...used, terms: under, of: 'packaged', if_over: 'spend' }),
  ),
  fc.tuple(amount, packageUntil).map(([units, until]) => () => ({
    type: 'grant',
    account: 'packaged',
    data: { amount: units, settings: { package: 'pro', package_expires: until } },
  })),
  amount.map((units) => () => ({ type: 'grant', account: 'packaged', data: { amount: units, initial_gift: true } })),
  fc.tuple(fc.nat(200), fc.constantFrom('grant', 'spend', 'hold')).map(([index, type]) => () => ({
    type: 'withdraw',
    account: 'packaged',
    data: { source: `http:${type}`, id: `r${index % 60}` },
  })),
);

/**
 * Versions of two plans with one size of block, so that blocks can be counted without knowing which prices which
 * period.
 */
const pricePlan = fc
  .record({
    name: fc.constantFrom('default', 'pro'),
    version: fc.integer({ min: 2, max: 9 }),
    hours: fc.integer({ min: 0, max: 900 }),
    price: fc.integer({ min: 0, max: 20_000 }),
    zone: fc.constantFrom('UTC', 'America/Sao_Paulo', 'Asia/Kolkata'),
  })
  .map(({ name, version, hours, price, zone }) => () => ({
    type: 'catalog',
    account: '',
    data: {
      item: {
        catalog: 'price-plan',
        name,
        version,
        effective_from: new Date(Date.parse('2026-11-21T10:00:00Z') + hours * 3_600_000).toISOString(),
        content: { ...defaultPricePlanContent, block_price: price, time_zone: zone },
      },
    },
  }));

const periodNames = ['PT1H', 'P1D', 'calendar:day', 'calendar:month'];
const limits = fc
  .uniqueArray(
    fc.record({
      amount: fc.constantFrom('5', '30', '200'),
      period: fc.constantFrom(...periodNames),
      model: fc.constantFrom('big', undefined),
    }),
    {
      maxLength: 3,
      selector: ({ period, model }) => `${period} ${model}`,
    },
  )
  .map((given) => ({
    limits: given.map(({ model, ...limit }) => ({ ...limit, ...(model === undefined ? {} : { model }) })),
  }));
const periods = fc.record({
  period: fc.constantFrom('calendar:day', 'calendar:month'),
  time_zone: fc.constantFrom('Pacific/Auckland', 'America/Los_Angeles', null),
});

const asks = fc.oneof(
  { weight: 9, arbitrary: packaged },
  { weight: 3, arbitrary: opening.map(({ id, data }) => () => ({ type: 'open', account: id, data })) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(account, amount)
      .map(([id, units]) => () => ({ type: 'spend', account: id, data: { amount: units } })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(account, amount, fc.nat(30)).map(([id, units, hours]) => () => ({
      type: 'spend',
      account: id,
      data: { amount: units },
      occurred: new Date(Date.parse('2026-11-21T10:00:00Z') + hours * 3_600_000).toISOString(),
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 0, max: 9_000_000 })
      .map((units) => () => ({ type: 'spend', account: 'meter', data: { amount: String(units) } })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(account, amount, fc.integer({ min: 0, max: 3 }), fc.option(fc.integer({ min: 1, max: 5 })), fc.boolean())
      .map(([id, units, priority, hours, bought]) => () => ({
        type: 'grant',
        account: id,
        data: {
          amount: units,
          priority,
          ...(bought ? { kind: 'purchased' } : {}),
          ...(hours === null
            ? {}
            : { expires_at: new Date(Date.parse('2026-11-21T10:00:00Z') + hours * 3_600_000).toISOString() }),
        },
      })),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(account, amount, fc.integer({ min: 60_000, max: 7_200_000 }), fc.option(fc.nat(20), { freq: 3 }))
      .map(([id, units, ms, parent]) => ({ holds }: Known) => ({
        type: 'hold',
        account: id,
        data: {
          amount: units,
          expires_in_ms: ms,
          ...(parent === null || holds.length === 0 ? {} : { parent: picked(holds, parent) }),
        },
      })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(50), fc.integer({ min: 0, max: 60 })).map(
      ([index, units]) =>
        ({ holds }: Known) =>
          hold(holds, index, 'settle', { amount: String(units) }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(50), amount).map(
      ([index, units]) =>
        ({ holds }: Known) =>
          hold(holds, index, 'extend', { amount: units }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat(50).map(
      (index) =>
        ({ holds }: Known) =>
          hold(holds, index, 'release', {}),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(200), fc.option(amount)).map(
      ([index, units]) =>
        ({ entries }: Known) =>
          correct(entries, index, units),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(account, fc.nat(40))
      .map(([id, balance]) => () => ({ type: 'change', account: id, data: { balance: String(balance) } })),
  },
  { weight: 1, arbitrary: account.map((id) => () => ({ type: 'change', account: id, data: { status: 'active' } })) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('raise', 'renew', 'lower', 'reset'),
        fc.constantFrom('tiered', 'tiered', 'refilled'),
        fc.integer({ min: 1, max: 3 }),
      )
      .map(([change, id, days]) => () => ({
        type: 'tier',
        account: id,
        data: { change, ...(change === 'raise' || change === 'renew' ? { tier: 'pro', allowance: '40', days } : {}) },
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .nat(59)
      .map((index) => () => ({ type: 'withdraw', account: 'tiered', data: { source: 'http:tier', id: `r${index}` } })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('default', 'pro', null)
      .map((plan) => () => ({ type: 'change', account: 'meter', data: { settings: { plan } } })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(account, fc.oneof(limits, periods))
      .map(([id, settings]) => () => ({ type: 'change', account: id, data: { settings } })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(account, fc.constantFrom('suspend', 'resume', 'resume', 'close'))
      .map(([id, access]) => () => ({ type: 'change', account: id, data: { access, forfeit: true } })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 5_000_000 }), fc.integer({ min: 1, max: 48 }))
      .map(([units, hours]) => () => ({
        type: 'grant',
        account: 'meter',
        data: {
          amount: String(units),
          expires_at: new Date(Date.parse('2026-11-21T10:00:00Z') + hours * 3_600_000).toISOString(),
        },
      })),
  },
  { weight: 2, arbitrary: pricePlan },
  { weight: 2, arbitrary: fc.constant(() => ({ type: 'tick', account: '', data: {} })) },
);

function hold(holds: readonly string[], index: number, type: string, data: object) {
  const named = picked(holds, index);
  return named === undefined ? undefined : { type, account: '', data: { hold: named, ...data } };
}

function correct(entries: readonly string[], index: number, units: string | null) {
  const named = picked(entries, index);
  return named === undefined
    ? undefined
    : { type: 'correct', account: '', data: { entry: named, ...(units === null ? {} : { amount: units }) } };
}

/** Histories of one partition: every kind of account and request, over some hours to days. */
export const histories = fc.array(
  fc.record({
    at: fc.oneof({ weight: 6, arbitrary: fc.nat(60_000) }, { weight: 1, arbitrary: fc.nat(20 * 3_600_000) }),
    ask: asks as unknown as fc.Arbitrary<Step['ask']>,
  }),
  { minLength: 5, maxLength: 60 },
);
