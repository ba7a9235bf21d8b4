import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from '@jest/globals';

import type { Api } from '../api.ts';
import { CommandFailed } from '../output.ts';
import type { CheckedFile } from './check-file.ts';
import { checkFile, goodRows } from './check-file.ts';
import type { Mapping } from './mapping.ts';
import { PlatformFacts } from './platform-facts.ts';
import { rowsSource, type UsageEvent } from './usage-row.ts';
import { readTime } from './usage-time.ts';

const folder = mkdtempSync(join(tmpdir(), 'tollgate-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);
function fileWith(text: string | Buffer): string {
  const path = join(folder, `usage-${++files}.csv`);
  writeFileSync(path, text);
  return path;
}

const nowMs = Date.parse('2026-11-21T10:00:00Z');
const rates = { output_tokens: '1/4', cache_read_tokens: '1/100', cache_write_5m_tokens: '1', reasoning_tokens: '1' };
/** The platform as an import asks it: its clock, its prices, and accounts that all are wallets but `nobody`. */
const api = {
  send: async (_: string, path: string) => {
    if (path === '/v1/test-clock') return { now: new Date(nowMs).toISOString() };
    if (path.startsWith('/v1/accounts/')) return path.endsWith('/nobody') ? undefined : { kind: 'wallet' };
    return {
      items: [
        {
          version: 1,
          effective_from: '2000-01-01T00:00:00Z',
          content: { meters: { 'llm.tokens': { rates: { '*': rates } } } },
        },
      ],
    };
  },
} as unknown as Api;
const check = async (path: string, mapping: Mapping): Promise<CheckedFile> =>
  checkFile(path, mapping, await PlatformFacts.read(api));
async function eventsOf(checked: CheckedFile): Promise<readonly UsageEvent[]> {
  const events: UsageEvent[] = [];
  for await (const { event } of goodRows(checked, { source: rowsSource, nowMs })) events.push(event);
  return events;
}
const chainsOf = async (path: string, mapping: Mapping) =>
  (await eventsOf(await check(path, mapping))).map(({ id }) => id);
const faultsOf = ({ faults }: CheckedFile) =>
  faults.map(({ line, column, detail }) => `${line} ${column ?? ''}: ${detail}`);
const failureOf = async (work: Promise<unknown>): Promise<string> => {
  const failed = await work.then(
    () => null,
    (error: Error) => error,
  );
  expect(failed).toBeInstanceOf(CommandFailed);
  return failed?.message ?? '';
};

const azure: Mapping = { account: '=demo', time: 'TIMESTAMP', input: 'ContextTokens', output: 'GeneratedTokens' };
const head = 'TIMESTAMP,ContextTokens,GeneratedTokens\r\n';
const simple: Mapping = { account: '=demo', time: 'time', model: 'model', input: 'in', output: 'out' };

describe('the exports of real consoles', () => {
  it(
    'openai: a byte order mark, CRLF, quotes and breaks in cells, empty last lines; cached tokens are inside ' +
      'of the input',
    async () => {
      const checked = await check(fixture('openai.csv'), {
        account: '=demo',
        time: 'start_time_iso',
        model: 'model',
        input: 'input_tokens',
        output: 'output_tokens',
        part: ['cache_read_tokens=input_cached_tokens'],
      });
      expect(faultsOf(checked)).toEqual([]);
      const model = 'gpt-4o-2024-08-06';
      expect(await eventsOf(checked)).toMatchObject([
        {
          time: '2026-10-30T00:00:00+00:00',
          data: { model, input_tokens: 86, cache_read_tokens: 1920, output_tokens: 300 },
        },
        { time: '2026-10-31T00:00:00+00:00', data: { model, input_tokens: 5, cache_read_tokens: 0, output_tokens: 9 } },
      ]);
      // ceil(1920 / 100) + ceil(300 / 4), and ceil(9 / 4).
      expect([checked.rows, checked.amount]).toEqual([2, -(20n + 75n + 3n)]);
    },
  );

  it('openai: an empty count is a fault with its line and column, or 0 where that is said', async () => {
    const mapping = {
      account: '=demo',
      time: 'start_time_iso',
      model: 'model',
      input: 'input_tokens',
      output: 'output_tokens',
    };
    expect(faultsOf(await check(fixture('openai_empty.csv'), mapping))).toEqual([
      '3 output_tokens: the count is empty (--empty-as-zero reads it as 0)',
    ]);
    const zero = await check(fixture('openai_empty.csv'), { ...mapping, emptyAsZero: true });
    expect((await eventsOf(zero)).map(({ data }) => data['output_tokens'])).toEqual([300, 0]);
  });

  it('openai: seconds since 1970 are a time', async () => {
    const mapping = {
      account: '=demo',
      time: 'start_time',
      model: 'model',
      input: 'input_tokens',
      output: 'output_tokens',
    };
    expect(await eventsOf(await check(fixture('openai_unix.csv'), mapping))).toMatchObject([
      { time: '2025-10-30T00:00:00.000Z', data: { input_tokens: 2006, output_tokens: 300 } },
    ]);
  });

  it('anthropic: a date alone, cache counts beside the input', async () => {
    const checked = await check(fixture('anthropic.csv'), {
      account: '=demo',
      time: 'usage_date_utc',
      model: 'model_version',
      input: 'usage_input_tokens_no_cache',
      output: 'usage_output_tokens',
      count: [
        'cache_write_5m_tokens=usage_input_tokens_cache_write_5m',
        'cache_read_tokens=usage_input_tokens_cache_read',
      ],
    });
    expect(await eventsOf(checked)).toMatchObject([
      {
        time: '2026-10-31T00:00:00Z',
        data: {
          model: 'claude-sonnet-4-5',
          input_tokens: 3,
          cache_write_5m_tokens: 12304,
          cache_read_tokens: 0,
          output_tokens: 550,
        },
      },
    ]);
  });

  it.each([
    ['litellm.csv', '2026-03-29T01:59:59.123456+00:00'],
    ['litellm2.csv', '2026-03-29T02:30:00.123456+01:00'],
  ])('%s: JSON with breaks in a cell, one id twice, which counts once', async (name, time) => {
    const mapping = {
      account: '=demo',
      time: 'startTime',
      model: 'model',
      input: 'prompt_tokens',
      output: 'completion_tokens',
      id: 'request_id',
    };
    const checked = await check(fixture(name), mapping);
    expect(faultsOf(checked)).toEqual([]);
    expect((await eventsOf(checked)).map((event) => [event.source, event.id, event.time])).toEqual(
      Array.from({ length: 2 }, () => ['urn:tollgate:import:id:request_id', 'chatcmpl-1', time]),
    );
    expect([checked.quantities.get('input_tokens'), checked.quantities.get('output_tokens')]).toEqual([10n, 20n]);
  });

  it('openrouter: ignores other columns, has reasoning inside of the completion, and ids of rows', async () => {
    const checked = await check(fixture('openrouter.csv'), {
      account: '=demo',
      time: 'created_at',
      model: 'model_permaslug',
      input: 'tokens_prompt',
      output: 'tokens_completion',
      part: ['reasoning_tokens=tokens_reasoning'],
      id: 'generation_id',
    });
    expect(await eventsOf(checked)).toMatchObject([
      {
        id: 'gen-1',
        time: '2026-10-31T23:59:59.999Z',
        data: { input_tokens: 17903, output_tokens: 8, reasoning_tokens: 4 },
      },
      { id: 'gen-2', data: { input_tokens: 86, output_tokens: 0, reasoning_tokens: 0 } },
    ]);
  });

  it('a header that names a column twice, and a file without a byte, are refused', async () => {
    expect(
      await failureOf(check(fixture('duphdr.csv'), { account: '=demo', time: 'time', output: 'tokens' })),
    ).toContain('names the column "tokens" twice');
    expect(await failureOf(check(fixture('empty.csv'), azure))).toContain('is empty');
    expect(await failureOf(check(fileWith('\r\n\r\n'), azure))).toContain('is empty');
  });
});

describe('the rows of a file', () => {
  it(
    'are known by what they and those before them say: CRLF, a byte order mark, quotes and a longer file make ' +
      'no other ones',
    async () => {
      const once = await chainsOf(fixture('grow1.csv'), simple);
      expect(new Set(once).size).toBe(10);
      expect(await chainsOf(fixture('grow1crlf.csv'), simple)).toEqual(once);
      expect((await chainsOf(fixture('grow2.csv'), simple)).slice(0, 10)).toEqual(once);
      const quoted = `\ufefftime,"model",in,out\r\n${'"2026-10-31T00:00:00Z",m,"10",4\r\n'.repeat(10)}\r\n`;
      expect(await chainsOf(fileWith(quoted), simple)).toEqual(once);
      const multi = (end: string): string => `time,model,in,out,note${end}2026-10-31T00:00:00Z,m,10,4,"a${end}b"${end}`;
      expect(await chainsOf(fileWith(multi('\r\n')), simple)).toEqual(await chainsOf(fileWith(multi('\n')), simple));
      expect(await chainsOf(fileWith(multi('\n').replace('10,4', '10,5')), simple)).not.toEqual(
        await chainsOf(fileWith(multi('\n')), simple),
      );
    },
  );

  it('have times as they were written, and UTC or --zone where none is', async () => {
    const text = `${head}2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16T18:17:04+01:00,1,0`;
    expect(await eventsOf(await check(fileWith(text), azure))).toMatchObject([
      {
        subject: 'demo',
        type: 'llm.tokens',
        time: '2023-11-16T18:17:03.9799600Z',
        data: { input_tokens: 4808, output_tokens: 10 },
      },
      { time: '2023-11-16T18:17:04+01:00', data: { input_tokens: 1, output_tokens: 0 } },
    ]);
    expect(await eventsOf(await check(fileWith(text), { ...azure, zone: 'Europe/Berlin' }))).toMatchObject([
      { time: '2023-11-16T17:17:03.979Z' },
      { time: '2023-11-16T18:17:04+01:00' },
    ]);
    expect(await failureOf(check(fileWith(text), { ...azure, zone: 'Mars/Base' }))).toContain('not Mars/Base');
  });

  it.each([
    ['2026-10-31', 'UTC', '2026-10-31T00:00:00Z'],
    ['2026-10-31', 'America/Sao_Paulo', '2026-10-31T03:00:00.000Z'],
    ['1761782400', 'UTC', '2025-10-30T00:00:00.000Z'],
    ['1761782400123', 'UTC', '2025-10-30T00:00:00.123Z'],
    ['1761782400.5', 'Asia/Kolkata', '2025-10-30T00:00:00.500Z'],
    ['2026-03-29 01:59:59.123456+00', 'UTC', '2026-03-29T01:59:59.123456+00:00'],
    ['2026-03-29 01:59 UTC', 'Europe/Berlin', '2026-03-29T01:59:00Z'],
    ['2026-03-29 01:59:59-0330', 'UTC', '2026-03-29T01:59:59-03:30'],
    // Berlin's clocks go from 02:00 to 03:00 that night; in autumn 02:30 comes twice, and the first is meant.
    ['2026-03-29 02:30:00', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
    ['2026-10-25 02:30:00', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['2026-02-29', 'UTC', null],
    ['2026-02-30T00:00:00Z', 'UTC', null],
    ['2026-01-01T25:00:00Z', 'UTC', null],
    ['yesterday', 'UTC', null],
    ['', 'UTC', null],
    ['2026-01-01T00:00:00+25:00', 'UTC', null],
    ['31.10.2026', 'UTC', null],
    ['12', 'UTC', null],
  ])('%s in %s is %s', (text, zone, expected) => {
    expect(readTime(text, zone)).toBe(expected);
  });

  it('are checked to the last one: every fault is told with line and column, the first 20 at length', async () => {
    const rows = [
      '2023-11-16 18:17:03,-1,2',
      '2023-11-16 18:17:03,1',
      '"a\nb",1,2',
      '2023-11-16 18:17:03,9223372036854775808,2',
      '2030-01-01,1,2',
      '2023-11-16 18:17:03,1,2',
    ];
    const checked = await check(fileWith(`${head}${rows.join('\r\n')}`), azure);
    expect(faultsOf(checked)).toEqual([
      '2 ContextTokens: "-1" is not a whole number from 0',
      '3 : there are 2 cells, the header names 3',
      '4 TIMESTAMP: "a\\nb" is not a time',
      '6 ContextTokens: input_tokens is beyond 9223372036854775807 (2^63-1): "9223372036854775808"',
      '7 TIMESTAMP: "2030-01-01" lies before 2000 or more than 24 hours ahead',
    ]);
    expect([checked.rows, checked.faultCount]).toEqual([6, 5]);
    const many = await check(fileWith(`${head}${'x,x,x\n'.repeat(100)}`), azure);
    expect([many.faults.length, many.faultCount]).toEqual([20, 300]);
  });

  it('are counted by the lines of the file, whatever breaks and empty lines it has', async () => {
    for (const end of ['\n', '\r\n']) {
      const heading = `${end}time,"model${end}name",in,out${end}`;
      const text = `${heading}${end}2026-10-31,"a${end}b",1,1${end}${end}2026-10-31,m,x,1${end}`;
      expect(
        faultsOf(await check(fileWith(text), { account: '=demo', time: 'time', input: 'in', output: 'out' })),
      ).toEqual(['8 in: "x" is not a whole number from 0']);
    }
  });

  it('are checked against the platform: its accounts and its prices', async () => {
    const text = 'time,model,in,out,user\n2026-10-31,m,1,2,ada\n2026-10-31,m,1,2,nobody\n';
    expect(faultsOf(await check(fileWith(text), { ...simple, account: 'user' }))).toEqual([
      '3 user: there is no account nobody',
    ]);
    const unpriced = await check(fileWith(text), { ...simple, count: ['images=in'] });
    expect(unpriced.faults[0]).toMatchObject({
      line: 2,
      detail: expect.stringContaining('QUANTITY_UNPRICED: images is 1'),
    });
    expect((await check(fileWith(text), { ...simple, count: ['pictures=in'] })).faults[0]?.detail).toContain(
      'QUANTITY_UNKNOWN: pictures',
    );
  });

  it('that have one id and say different things are a fault', async () => {
    const text =
      'id,time,model,in,out\na,2026-10-31,m,1,2\na,2026-10-31T00:00:00+00:00,m,1,2\n' +
      'a,2026-10-31,m,1,3\n,2026-10-31,m,1,2\n';
    expect(faultsOf(await check(fileWith(text), { ...simple, id: 'id' }))).toEqual([
      '4 id: "a" is the id of line 2 too, with other content',
      '5 id: an id has 1 to 255 characters',
    ]);
  });

  it('count a part once, and no part beyond its whole', async () => {
    const text = 'time,model,in,out,cached\n2026-10-31,m,10,2,10\n2026-10-31,m,10,2,11\n';
    const mapping = { ...simple, part: ['cache_read_tokens=cached'] };
    expect(faultsOf(await check(fileWith(text), mapping))).toEqual([
      '3 cached: 11 cache_read_tokens cannot be inside of 10 input_tokens',
    ]);
    expect(await failureOf(check(fileWith(text), { ...mapping, count: ['cache_read_tokens=cached'] }))).toContain(
      'would be counted twice',
    );
    expect(await failureOf(check(fileWith(text), { ...simple, part: ['requests=cached'] }))).toContain(
      'requests is no part of input or output',
    );
    expect(await failureOf(check(fileWith(text), { ...simple, count: ['cached'] }))).toContain('<quantity>=<column>');
  });

  // Guarantee: two names that differ in another encoding are never read as one account.
  it('are UTF-8, or refused', async () => {
    expect(
      await failureOf(check(fileWith(Buffer.from(`${head}2023-11-16 18:17:03,1,2\r\n# M\u00fcller`, 'latin1')), azure)),
    ).toContain('is not UTF-8');
    expect(
      await eventsOf(
        await check(fileWith(`\ufeff${head}2023-11-16 18:17:03,1,2`), { ...azure, account: '=M\u00fcller' }),
      ),
    ).toMatchObject([{ subject: 'M\u00fcller' }]);
  });

  it('name the column that is not there, and the row that is too long, in one line', async () => {
    expect(await failureOf(check(fileWith(`${head}2023-11-16 18:17:03,1,2`), { ...azure, account: 'user' }))).toContain(
      'no column user; there are TIMESTAMP',
    );
    const text = `${head}2023-11-16 18:17:03,1,1\r\n2023-11-16 18:17:04,1,"${'9'.repeat(9 * 1_048_576)}"\r\n`;
    expect(await failureOf(check(fileWith(text), azure))).toMatch(/, row 2: it has more than 1048576 characters/);
    const long = await check(fileWith(`${head}2023-11-16 18:17:03,1,${'x'.repeat(100_000)}`), azure);
    expect(faultsOf(long)[0]?.length).toBeLessThan(300);
    expect(await failureOf(check(fileWith(`${head}2023-11-16 18:17:03,1,"2`), azure))).toContain('cannot be read');
  });

  it('are not booked of a file that changes between its check and its import', async () => {
    const path = fileWith(`${head}2023-11-16 18:17:03,1,2\n`);
    const checked = await check(path, azure);
    writeFileSync(path, `${head}2023-11-16 18:17:03,1,3\n`);
    expect(await failureOf(eventsOf(checked))).toContain('changed while it was imported');
  });
});
