import { describe, expect, it } from '@jest/globals';
import type { CatalogItem } from '@tollgate/contracts';
import { defaultPricePlanContent } from '@tollgate/pricing';
import fc from 'fast-check';

import { noSettings, type Settings } from '../account/account.ts';
import { type Catalog, emptyCatalog, withItem } from './catalog.ts';
import { planAt, planInForce, planMonth, withPlan } from './plans.ts';

const utc = (text: string): number => Date.parse(`${text}Z`);
const item = (version: number, effective: string, content: object = {}, name = 'default'): CatalogItem => ({
  catalog: 'price-plan',
  name,
  version,
  effective_from: `${effective}Z`,
  content: { ...defaultPricePlanContent, ...content },
});
const published = (...items: readonly (readonly [item: CatalogItem, booked: string])[]): Catalog =>
  items.reduce((catalog, [each, booked]) => withItem(catalog, each, utc(booked)), emptyCatalog);
const onDefault: Settings = { ...noSettings, plan: 'default' };
const account = (settings: Settings, opened = '1970-01-01T00:00') => ({ openedMs: utc(opened), terms: { settings } });
const versionAt = (catalog: Catalog, start: string): number => planAt(catalog, account(onDefault), utc(start)).version;

describe('the version that prices a period', () => {
  it('is the one in force at its start, however many are published within it (rule 17)', () => {
    const catalog = published(
      [item(2, '2026-10-15T00:00'), '2026-10-15T00:00'],
      [item(3, '2026-11-01T00:00'), '2026-10-20T00:00'],
      [item(4, '2026-11-02T00:00'), '2026-10-20T00:00'],
    );
    expect(
      ['2026-10-01T00:00', '2026-11-01T00:00', '2026-12-01T00:00'].map((start) => versionAt(catalog, start)),
    ).toEqual([1, 3, 4]);
  });

  it('is not one that takes its place in the log at the very moment the period starts, or later', () => {
    const at = (booked: string): number =>
      versionAt(published([item(2, '2026-10-20T00:00'), booked]), '2026-11-01T00:00');
    expect([at('2026-10-31T23:59:59.999'), at('2026-11-01T00:00'), at('2026-11-01T00:00:00.001')]).toEqual([2, 1, 1]);
  });

  it('is the highest of those in force by the time it takes effect, whatever the order of publication', () => {
    const catalog = published(
      [item(2, '2026-12-15T00:00'), '2026-10-02T00:00'],
      [item(3, '2026-11-15T00:00'), '2026-10-03T00:00'],
    );
    expect(['2026-12-01T00:00', '2027-01-01T00:00'].map((start) => versionAt(catalog, start))).toEqual([3, 2]);
  });

  it('is that of the opening in the period in which the account was opened', () => {
    const catalog = published(
      [item(1, '2026-11-10T00:00', {}, 'pro'), '2026-11-10T00:00'],
      [item(2, '2026-11-12T00:00', {}, 'pro'), '2026-11-11T00:00'],
    );
    const { name, version } = planInForce(catalog, 'pro', utc('2026-11-10T00:00'));
    const opened = account({ ...noSettings, plan: 'pro', firstPlan: { name, version } }, '2026-11-10T00:00');
    expect(
      ['2026-10-01T00:00', '2026-11-01T00:00', '2026-12-01T00:00'].map(
        (start) => planAt(catalog, opened, utc(start)).version,
      ),
    ).toEqual([1, 1, 2]);
  });

  it('is that of the plan default while nothing of the name is in force', () => {
    const catalog = published(
      [item(2, '2026-10-15T00:00'), '2026-10-01T00:00'],
      [item(1, '2026-11-10T00:00', {}, 'pro'), '2026-10-01T00:00'],
    );
    const of = (start: string) => planAt(catalog, account({ ...noSettings, plan: 'pro' }), utc(start));
    expect(
      ['2026-10-01T00:00', '2026-11-01T00:00', '2026-12-01T00:00'].map(
        (start) => `${of(start).name} ${of(start).version}`,
      ),
    ).toEqual(['default 1', 'default 2', 'pro 1']);
    expect(planInForce(catalog, 'unheard of', utc('2026-10-14T23:59'))).toMatchObject({ name: 'default', version: 1 });
  });
});

describe('a change of plan', () => {
  const open = (now: string, start: string) => ({ nowMs: utc(now), startMs: utc(start), earliestMs: utc(start) });
  const catalog = published(
    ...['a', 'b', 'c'].map((name) => [item(1, '2026-01-01T00:00', {}, name), '2026-01-01T00:00'] as const),
  );
  const nameAt = (settings: Settings, start: string): string => planAt(catalog, account(settings), utc(start)).name;

  it('counts from the next period on; of several within one period the last', () => {
    const first = { ...noSettings, plan: 'a' };
    const second = withPlan({ ...first, plan: 'b' }, first, open('2026-10-10T00:00', '2026-10-01T00:00'));
    const third = withPlan({ ...second, plan: 'c' }, second, open('2026-10-20T00:00', '2026-10-01T00:00'));
    expect([nameAt(third, '2026-10-01T00:00'), nameAt(third, '2026-11-01T00:00')]).toEqual(['a', 'c']);
    expect(third.earlierPlans).toHaveLength(1);
  });

  it('keeps what open periods began with, and forgets what no open one did', () => {
    let settings: Settings = { ...noSettings, plan: 'a' };
    for (const [month, plan] of [
      ['02', 'b'],
      ['03', 'c'],
      ['04', 'a'],
      ['05', 'b'],
    ] as const) {
      settings = withPlan({ ...settings, plan }, settings, {
        nowMs: utc(`2026-${month}-10T00:00`),
        startMs: utc(`2026-${month}-01T00:00`),
        earliestMs: utc(`2026-0${Number(month) - 1}-01T00:00`),
      });
    }
    expect(['04', '05', '06'].map((month) => nameAt(settings, `2026-${month}-01T00:00`))).toEqual(['c', 'a', 'b']);
    expect(settings.earlierPlans).toHaveLength(2);
  });
});

describe('months', () => {
  const zones = [
    'UTC',
    'America/Sao_Paulo',
    'Europe/Berlin',
    'Pacific/Kiritimati',
    'Pacific/Pago_Pago',
    'Asia/Kolkata',
  ];
  const day = 86_400_000;

  it('begin in the time zone of the plan, summer time included', () => {
    const catalog = published([item(2, '2026-01-01T00:00', { time_zone: 'Europe/Berlin' }), '2025-12-01T00:00']);
    expect(planMonth(catalog, account(onDefault), utc('2026-03-29T12:00'))).toEqual({
      startMs: utc('2026-02-28T23:00'),
      endMs: utc('2026-03-31T22:00'),
    });
    expect(planMonth(catalog, account(onDefault), utc('2026-10-25T12:00'))).toEqual({
      startMs: utc('2026-09-30T22:00'),
      endMs: utc('2026-10-31T23:00'),
    });
  });

  it('under way keep their end when a version moves the border; the next one begins there', () => {
    const catalog = published([item(2, '2026-11-15T00:00', { time_zone: 'America/Sao_Paulo' }), '2026-11-10T00:00']);
    expect(planMonth(catalog, account(onDefault), utc('2026-11-20T00:00'))).toEqual({
      startMs: utc('2026-11-01T00:00'),
      endMs: utc('2026-12-01T00:00'),
    });
    expect(planMonth(catalog, account(onDefault), utc('2026-12-01T00:00'))).toEqual({
      startMs: utc('2026-12-01T00:00'),
      endMs: utc('2027-01-01T03:00'),
    });
    expect(planMonth(catalog, account(onDefault), utc('2027-01-01T03:00'))).toEqual({
      startMs: utc('2027-01-01T03:00'),
      endMs: utc('2027-02-01T03:00'),
    });
  });

  // Guarantee: no usage is counted in two months or in none, and no publication moves a border that was passed.
  it('never overlap or leave a gap, and never change once they began', () => {
    const version = fc.record({
      zone: fc.constantFrom(...zones),
      booked: fc.integer({ min: 0, max: 400 }),
      later: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(version, { maxLength: 6 }), fc.integer({ min: 0, max: 500 * 24 }), (versions, hours) => {
        const from = utc('2026-01-01T00:00');
        const items = [...versions]
          .sort((a, b) => a.booked - b.booked)
          .map(
            ({ zone, booked, later }, index) =>
              [
                item(index + 2, new Date(from + (booked + later) * day).toISOString().slice(0, -1), {
                  time_zone: zone,
                }),
                new Date(from + booked * day).toISOString().slice(0, -1),
              ] as const,
          );
        const all = published(...items);
        const atMs = from + hours * 3_600_000;
        const opened = account(onDefault);
        const period = planMonth(all, opened, atMs);
        expect(period.startMs <= atMs && atMs < period.endMs).toBe(true);
        expect(planMonth(all, account(onDefault), period.endMs).startMs).toBe(period.endMs);
        expect(planMonth(all, account(onDefault), period.startMs - 1).endMs).toBe(period.startMs);
        const known = published(...items.filter(([, booked]) => utc(booked) <= atMs));
        expect(planMonth(known, account(onDefault), atMs)).toEqual(period);
        expect(planAt(known, account(onDefault), period.startMs).version).toBe(
          planAt(all, account(onDefault), period.startMs).version,
        );
      }),
      { numRuns: 300 },
    );
  });
});
