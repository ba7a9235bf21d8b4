import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  amountFromStripe,
  calendarMonth,
  countUsage,
  currencyCodes,
  currencyExponent,
  decimalAmount,
  defaultPricePlan,
  defaultPricePlanContent,
  defaultRateCardContent,
  monthOf,
  monthStart,
  overageBlocks,
  parsePercent,
  parsePeriod,
  parsePricePlan,
  parseRateCard,
  periodSince,
  rateUsage,
  stripeAmount,
  tierLabel,
} from './index.ts';

const utc = (text: string): number => Date.parse(`${text}Z`);
const cost = (output: bigint, percent: number): bigint | undefined =>
  rateUsage(parseRateCard({ profit_percent: percent }), 'llm.tokens', {
    model: undefined,
    quantities: new Map([
      ['input_tokens', 100n],
      ['output_tokens', output],
    ]),
  })?.cost;

describe('rate card', () => {
  it('charges output four to one and rounds up', () => {
    expect([cost(400n, 0), cost(1n, 0), cost(4n, 0), cost(5n, 0), cost(0n, 0)]).toEqual([100n, 1n, 1n, 2n, 0n]);
  });
  it('adds profit exactly: 100 at 10 % is 110, never 111', () => {
    expect([cost(400n, 10), cost(400n, 20), cost(4n, 1)]).toEqual([110n, 120n, 2n]);
  });
  it('never charges less than the exact price and less than one unit more', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.integer({ min: 0, max: 100 }), (output, percent) => {
        const base = (output + 3n) / 4n;
        const exact = base * BigInt(100 + percent);
        const charged = (cost(output, percent) ?? -1n) * 100n;
        expect(charged >= exact && charged < exact + 100n).toBe(true);
      }),
    );
  });
  it('rates a model by its own line and others by *', () => {
    const card = parseRateCard({
      meters: {
        'llm.tokens': { rates: { '*': { output_tokens: '1' }, big: { input_tokens: '3/2', output_tokens: '5' } } },
      },
    });
    const quantities = new Map([
      ['input_tokens', 3n],
      ['output_tokens', 2n],
    ]);
    expect(rateUsage(card, 'llm.tokens', { model: 'big', quantities })?.cost).toBe(15n);
    expect(rateUsage(card, 'llm.tokens', { model: 'other', quantities })?.cost).toBe(2n);
    expect(rateUsage(card, 'image', { model: 'other', quantities })).toBeUndefined();
  });
  // Guarantee: a misspelt quantity never costs nothing, and a class never costs nothing by mistake.
  it('refuses by name what it does not know, and what it has no rate for', () => {
    const counts = (quantities: Record<string, bigint>) => ({
      model: undefined,
      quantities: new Map(Object.entries(quantities)),
    });
    const card = parseRateCard({
      meters: { images: { rates: { '*': { megapixels: '2' }, big: { megapixels: '3', watermarks: '1' } } } },
    });
    expect(rateUsage(card, 'images', counts({ megapixels: 4n, images: 0n }))?.cost).toBe(8n);
    expect(() => rateUsage(card, 'images', counts({ megapixel: 4n }))).toThrow(
      expect.objectContaining({ code: 'QUANTITY_UNKNOWN', message: expect.stringContaining('megapixel ') }),
    );
    expect(() => rateUsage(card, 'images', counts({ megapixels: 4n, watermarks: 1n }))).toThrow(
      expect.objectContaining({ code: 'QUANTITY_UNPRICED', message: expect.stringContaining('watermarks') }),
    );
    expect(() =>
      rateUsage(card, 'llm.tokens', counts({ input_tokens: 86n, cache_read_tokens: 1_920n, output_tokens: 300n })),
    ).toThrow(
      expect.objectContaining({
        code: 'QUANTITY_UNPRICED',
        message: expect.stringContaining('cache_read_tokens is 1920'),
      }),
    );
    expect(
      rateUsage(card, 'llm.tokens', counts({ input_tokens: 86n, cache_read_tokens: 0n, output_tokens: 300n }))?.cost,
    ).toBe(75n);
  });
  it('lets a row inherit what a plain token costs from *, and that from the built-in card, and nothing else', () => {
    const row = (meters: unknown, model: string) =>
      [...(parseRateCard({ meters }).meters.get('llm.tokens')?.rates.get(model) ?? [])]
        .map(([name, { numerator, denominator }]) => `${name} ${numerator}/${denominator}`)
        .sort();
    expect(row({ 'llm.tokens': { rates: { '*': { cache_read_tokens: '1/10' } } } }, '*')).toEqual([
      'cache_read_tokens 1/10',
      'input_tokens 0/1',
      'output_tokens 1/4',
    ]);
    expect(
      row({ 'llm.tokens': { rates: { '*': { output_tokens: '2' }, big: { input_tokens: '3' } } } }, 'big'),
    ).toEqual(['input_tokens 3/1', 'output_tokens 2/1']);
    expect(
      row({ 'llm.tokens': { rates: { '*': { cache_read_tokens: '1' }, big: { output_tokens: '5' } } } }, 'big'),
    ).toEqual(['input_tokens 0/1', 'output_tokens 5/1']);
  });
  it('counts the token classes once, where usage is counted instead of rated', () => {
    const counted = (meter: string, quantities: Record<string, bigint>) =>
      countUsage(parseRateCard({ meters: { video: { rates: { '*': { seconds: '1' } } } } }), meter, {
        model: undefined,
        quantities: new Map(Object.entries(quantities)),
      });
    expect(
      counted('llm.tokens', {
        input_tokens: 86n,
        cache_read_tokens: 1_920n,
        output_tokens: 300n,
        requests: 1n,
        web_searches: 2n,
      }),
    ).toBe(2_306n);
    expect(counted('video', { seconds: 30n })).toBe(30n);
    expect(counted('audio', { seconds: 30n })).toBeUndefined();
    expect(() => counted('llm.tokens', { input_tokens: 100n, cached_tokens: 50n, output_tokens: 1n })).toThrow(
      expect.objectContaining({ code: 'QUANTITY_UNKNOWN' }),
    );
  });
  it.each([
    [[]],
    [{ x: 1 }],
    [{ profit_percent: -1 }],
    [{ profit_percent: 1001 }],
    [{ profit_percent: '1.234' }],
    [{ meters: { a: { rates: {} } } }],
    [{ meters: { a: { rates: { '*': { q: '1/0' } } } } }],
    [{ meters: { request: { rates: { '*': { q: '1' } } } } }],
  ])('refuses %j', (content) => {
    expect(() => parseRateCard(content)).toThrow(
      expect.objectContaining({ code: 'CATALOG_INVALID' }) as unknown as Error,
    );
  });
  it('reads percentages as basis points', () => {
    expect([parsePercent(20), parsePercent('12.5'), parsePercent(0)]).toEqual([2000n, 1250n, 0n]);
    expect(parseRateCard(defaultRateCardContent).profitBasisPoints).toBe(0n);
  });
});

describe('price plan', () => {
  it('starts a block with the first unit beyond the included ones', () => {
    const blocks = [0n, 8_000_000n, 8_000_001n, 16_000_000n, 16_000_001n, 25_000_000n, 100_000_000n].map((used) =>
      overageBlocks(used, defaultPricePlan),
    );
    expect(blocks).toEqual([0n, 0n, 1n, 1n, 2n, 3n, 12n]);
  });

  it('names a block by its bounds, as the documents do', () => {
    expect([0n, 1n, 2n, 12n].map((block) => tierLabel(block, defaultPricePlan))).toEqual([
      '0-8M',
      '8M-16M',
      '16M-24M',
      '96M-104M',
    ]);
    expect(tierLabel(1n, { ...defaultPricePlan, included: 4_000_000n })).toBe('4M-12M');
    expect(tierLabel(1n, { ...defaultPricePlan, included: 1_500n, block: 500n })).toBe('1500-2000');
  });
});

describe('the content of a price plan', () => {
  it('is read as written, in numbers or decimal strings; the built-in plan is one', () => {
    expect(parsePricePlan(defaultPricePlanContent)).toEqual(defaultPricePlan);
    const content = { included: 0, block: 1, block_price: 0, fixed_fee: '999999999999', currency: 'jpy' };
    expect(parsePricePlan(content)).toEqual({
      included: 0n,
      block: 1n,
      blockPriceMinor: 0n,
      fixedFeeMinor: 999_999_999_999n,
      currency: 'JPY',
      timeZone: 'UTC',
      graceMs: 3_600_000,
    });
    expect(parsePricePlan({ ...content, time_zone: 'America/Argentina/Buenos_Aires', grace_seconds: 0 })).toMatchObject(
      {
        timeZone: 'America/Argentina/Buenos_Aires',
        graceMs: 0,
      },
    );
  });
  it.each([
    [null],
    [[]],
    [{ extra: 1 }],
    [{ block: 0 }],
    [{ block: -1 }],
    [{ block: 1.5 }],
    [{ block: '1e6' }],
    [{ block: true }],
    [{ block: null }],
    [{ included: -1 }],
    [{ included: '9223372036854775808' }],
    [{ included: 2 ** 53 }],
    [{ block_price: '1000000000000' }],
    [{ fixed_fee: '-1' }],
    [{ currency: 'XXX' }],
    [{ currency: 'R$' }],
    [{ currency: undefined }],
    [{ time_zone: 'Mars/Base' }],
    [{ time_zone: '+02:00' }],
    [{ time_zone: 'cet' }],
    [{ time_zone: 5 }],
    [{ grace_seconds: 700_000 }],
    [{ grace_seconds: -1 }],
    [{ currency: 'KWD', block_price: 10_005 }],
  ])('refuses %j, naming what is wrong', (wrong) => {
    const content = wrong === null || Array.isArray(wrong) ? wrong : { ...defaultPricePlanContent, ...wrong };
    expect(() => parsePricePlan(content)).toThrow(
      expect.objectContaining({ code: 'CATALOG_INVALID' }) as unknown as Error,
    );
  });
});

describe('currencies', () => {
  it('have the decimals of ISO 4217, and amounts are written by them', () => {
    expect(['BRL', 'JPY', 'KWD', 'brl'].map(currencyExponent)).toEqual([2, 0, 3, undefined]);
    expect([
      decimalAmount(10_000n, 'BRL'),
      decimalAmount(5n, 'KWD'),
      decimalAmount(-3n, 'JPY'),
      decimalAmount(-5n, 'BRL'),
      decimalAmount(0n, 'USD'),
    ]).toEqual(['100.00', '0.005', '-3', '-0.05', '0.00']);
  });
  // Every currency of https://docs.stripe.com/currencies, by the section that says how it is counted.
  const listed = {
    zeroDecimal: 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF',
    inHundredths: 'ISK UGX',
    threeDecimal: 'BHD JOD KWD OMR TND',
    twoDecimal:
      'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP ' +
      'CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS ' +
      'KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB ' +
      'PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS ' +
      'UAH USD UYU UZS WST XCD XCG YER ZAR ZMW',
  };
  const every = (codes: string, expected: readonly [minor: bigint, text: string, stripe: bigint]): void => {
    for (const code of codes.split(' ')) {
      const [minor] = expected;
      expect([code, decimalAmount(minor, code), stripeAmount(minor, code)]).toEqual([code, expected[1], expected[2]]);
      expect([code, amountFromStripe(expected[2], code)]).toEqual([code, minor]);
      // What a plan says is what is charged: block_price in minor units is read for each of them.
      expect(parsePricePlan({ ...defaultPricePlanContent, currency: code, block_price: String(minor) })).toMatchObject({
        currency: code,
        blockPriceMinor: minor,
      });
    }
  };
  it("that Stripe lists cost what the statement says, in Stripe's own count", () => {
    every(listed.zeroDecimal, [12_340n, '12340', 12_340n]);
    every(listed.inHundredths, [12_340n, '12340', 1_234_000n]);
    every(listed.threeDecimal, [12_340n, '12.340', 12_340n]);
    every(listed.twoDecimal, [12_340n, '123.40', 12_340n]);
    expect(
      Object.values(listed)
        .flatMap((codes) => codes.split(' '))
        .filter((code) => !currencyCodes.includes(code)),
    ).toEqual([]);
  });
  it('go to Stripe in its own smallest unit and come back unchanged', () => {
    expect([
      stripeAmount(500n, 'JPY'),
      stripeAmount(500n, 'ISK'),
      stripeAmount(500n, 'KWD'),
      stripeAmount(500n, 'BRL'),
    ]).toEqual([500n, 50_000n, 500n, 500n]);
    for (const currency of ['JPY', 'ISK', 'UGX', 'KWD', 'BRL'])
      expect(amountFromStripe(stripeAmount(730n, currency), currency)).toBe(730n);
  });
});

describe('periods', () => {
  it('begin on the first instant of the month, also where midnight is skipped', () => {
    // On Sunday, 1 October 2017, Asuncion's clocks went from 00:00 to 01:00.
    expect(monthStart({ year: 2017, month: 10 }, 'America/Asuncion')).toBe(utc('2017-10-01T04:00'));
    expect(monthOf(utc('2026-11-01T02:59'), 'America/Sao_Paulo')).toEqual({ year: 2026, month: 10 });
  });

  it('are calendar months in the zone of the plan, half-open', () => {
    expect(calendarMonth(utc('2026-10-31T23:59:59.999'), 'UTC')).toEqual({
      startMs: utc('2026-10-01T00:00'),
      endMs: utc('2026-11-01T00:00'),
    });
    expect(calendarMonth(utc('2026-11-01T00:00'), 'UTC').startMs).toBe(utc('2026-11-01T00:00'));
    expect(calendarMonth(utc('2026-11-01T02:59'), 'America/Sao_Paulo')).toEqual({
      startMs: utc('2026-10-01T03:00'),
      endMs: utc('2026-11-01T03:00'),
    });
    expect(calendarMonth(utc('2026-03-29T12:00'), 'Europe/Berlin')).toEqual({
      startMs: utc('2026-02-28T23:00'),
      endMs: utc('2026-03-31T22:00'),
    });
  });
  it('follow each other from the anchor without gap or overlap', () => {
    const anchor = utc('2026-01-31T10:00');
    for (const duration of ['P30D', 'P1M', 'PT1H', 'P1Y']) {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 5 * 365 * 86_400_000 }), (after) => {
          const period = periodSince(anchor, duration, anchor + after);
          expect(period.startMs <= anchor + after && anchor + after < period.endMs).toBe(true);
          expect(periodSince(anchor, duration, period.endMs).startMs).toBe(period.endMs);
        }),
        { numRuns: 30 },
      );
    }
  });
  it.each(['', 'P', '30', 'PT1S', '-P1D', 'P0D', 'x'])('refuses %j as a period', (text) => {
    expect(() => parsePeriod(text)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }) as unknown as Error);
  });
});
