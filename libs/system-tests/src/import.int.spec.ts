import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { EmbeddedPlatform } from './harness/embedded.ts';
import { checkBooks } from './harness/platform.ts';
import { runCli } from './harness/program.ts';

const fixture = (name: string): string =>
  join(import.meta.dirname, '../../../services/platform/src/cli/import/fixtures', name);
let platform: EmbeddedPlatform;
let folder: string;
let account: string;
let accounts = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-import-'));
  platform = await EmbeddedPlatform.start();
});
beforeEach(async () => {
  account = `import-${++accounts}`;
  await platform.server.post('/v1/accounts', {
    id: account,
    kind: 'wallet',
    unit: 'token',
    settings: { overdraft: 'unlimited' },
  });
});
afterAll(async () => {
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

type FileSummary = {
  readonly rows: number;
  readonly booked: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly skipped: number;
  readonly bad_file: string | null;
  readonly amount_booked: string;
  readonly amount_expected?: string;
  readonly fault_count?: number;
  readonly faults?: readonly { readonly line: number; readonly column?: string; readonly detail: string }[];
};
type Run = { readonly how: string; readonly files: readonly FileSummary[]; readonly output: string };

async function run(paths: readonly string[], ...options: readonly string[]): Promise<Run> {
  const { how, output } = await platform.cli('import', ...paths, '--account', `=${account}`, ...options, '--json');
  const line = output
    .trim()
    .split('\n')
    .findLast((text) => text.startsWith('{'));
  return {
    how,
    output,
    files: line === undefined ? [] : (JSON.parse(line) as { files: readonly FileSummary[] }).files,
  };
}
const simple = ['--time', 'time', '--model', 'model', '--input', 'in', '--output', 'out'];
const balance = async () => (await platform.server.get(`/v1/accounts/${account}`)).body['balance'];
const entries = async () =>
  Number((await platform.server.get<{ as_of: { seq: string } }>(`/v1/accounts/${account}`)).body.as_of.seq) - 1;

/** 2,500 rows, of which row 2,400 has another last cell: `partial_bad.csv` and `partial_fixed.csv` of a console. */
function partial(name: string, cell: string): string {
  const path = join(folder, name);
  const rows = Array.from({ length: 2_500 }, (_, row) => `2026-10-31T00:00:00Z,m,10,${row === 2_399 ? cell : '4'}\n`);
  writeFileSync(path, `time,model,in,out\n${rows.join('')}`);
  return path;
}

describe('an import', () => {
  // Guarantee: nothing is booked of a file with a fault, so that the mended file books each row once.
  it('books nothing of a file with one bad cell and says where it is; the mended file is booked once', async () => {
    const bad = await run([partial('partial_bad.csv', '')], ...simple);
    expect(bad).toMatchObject({
      how: 'exit code 1',
      files: [{ rows: 2_500, booked: 0, fault_count: 1, faults: [{ line: 2_401, column: 'out' }] }],
    });
    expect([await entries(), await balance()]).toEqual([0, '0']);
    const mended = partial('partial_fixed.csv', '0');
    // 2,499 rows of 4 output tokens cost 1 each, the mended one nothing; it is an entry all the same.
    expect(await run([mended], ...simple)).toMatchObject({
      how: 'exit code 0',
      files: [{ booked: 2_500, duplicates: 0, amount_booked: '-2499' }],
    });
    expect(await run([mended], ...simple)).toMatchObject({
      how: 'exit code 0',
      files: [{ booked: 0, duplicates: 2_500 }],
    });
    expect([await entries(), await balance()]).toEqual([2_500, '-2499']);
  });

  it('of two files books neither when one has a fault', async () => {
    expect((await run([fixture('grow1.csv'), partial('partial_bad.csv', 'x')], ...simple)).how).toBe('exit code 1');
    expect(await entries()).toBe(0);
  });

  it(
    'knows the same rows with other line ends, and stops at a file that begins with them until it is told what ' +
      'is meant',
    async () => {
      expect(await run([fixture('grow1.csv')], ...simple)).toMatchObject({
        files: [{ booked: 10, amount_booked: '-10' }],
      });
      expect(await run([fixture('grow1crlf.csv')], ...simple)).toMatchObject({
        how: 'exit code 0',
        files: [{ booked: 0, duplicates: 10 }],
      });
      const stopped = await run([fixture('grow2.csv')], ...simple);
      expect([stopped.how, stopped.output.includes('10 of its 12 rows were imported before')]).toEqual([
        'exit code 1',
        true,
      ]);
      expect(await entries()).toBe(10);
      expect(await run([fixture('grow2.csv')], ...simple, '--continue')).toMatchObject({
        how: 'exit code 0',
        files: [{ booked: 2, duplicates: 10 }],
      });
      for (const again of ['grow1.csv', 'grow2.csv'])
        expect(await run([fixture(again)], ...simple)).toMatchObject({ files: [{ booked: 0 }] });
      expect(await entries()).toBe(12);
    },
  );

  it('books all rows of such a file as new where that is said, once', async () => {
    await run([fixture('grow1.csv')], ...simple);
    expect(await run([fixture('grow2.csv')], ...simple, '--as-new')).toMatchObject({
      how: 'exit code 0',
      files: [{ booked: 12 }],
    });
    expect(await run([fixture('grow2.csv')], ...simple, '--as-new')).toMatchObject({
      files: [{ booked: 0, duplicates: 12 }],
    });
    expect([await entries(), await balance()]).toEqual([22, '-22']);
    expect((await run([fixture('grow2.csv')], ...simple, '--as-new', '--continue')).how).toBe('exit code 1');
  });

  it('of a longer export first knows the rows of the shorter one', async () => {
    await run([fixture('grow2.csv')], ...simple);
    expect(await run([fixture('grow1.csv')], ...simple)).toMatchObject({
      how: 'exit code 0',
      files: [{ booked: 0, duplicates: 10 }],
    });
  });

  it('with --id knows rows whatever the file, skips bad ones where that is said, and writes them down', async () => {
    const litellm = [
      '--time',
      'startTime',
      '--model',
      'model',
      '--input',
      'prompt_tokens',
      '--output',
      'completion_tokens',
      '--id',
      'request_id',
    ];
    expect(await run([fixture('litellm.csv')], ...litellm)).toMatchObject({
      how: 'exit code 0',
      files: [{ rows: 2, booked: 1, duplicates: 1, amount_booked: '-5' }],
    });
    const openrouter = [
      '--time',
      'created_at',
      '--model',
      'model_permaslug',
      '--input',
      'tokens_prompt',
      '--output',
      'tokens_completion',
      '--id',
      'generation_id',
    ];
    expect(await run([fixture('openrouter.csv')], ...openrouter)).toMatchObject({
      files: [{ booked: 2, amount_booked: '-3' }],
    });

    const path = join(folder, 'ids.csv');
    writeFileSync(path, 'id,time,model,in,out\na,2026-10-31,m,1,4\n"b, c",2026-10-31,m,1,x\nd,2026-10-31,m,1,4\n');
    expect((await run([path], ...simple, '--skip-bad')).output).toContain('--skip-bad needs --id');
    const skipped = await run([path], ...simple, '--id', 'id', '--skip-bad');
    expect(skipped).toMatchObject({
      how: 'exit code 0',
      files: [{ rows: 3, booked: 2, skipped: 1, bad_file: `${path}.bad.csv` }],
    });
    expect(readFileSync(`${path}.bad.csv`, 'utf8')).toBe('id,time,model,in,out\n"b, c",2026-10-31,m,1,x\n');
    writeFileSync(`${path}.bad.csv`, readFileSync(`${path}.bad.csv`, 'utf8').replace(',x', ',8'));
    expect(await run([`${path}.bad.csv`], ...simple, '--id', 'id')).toMatchObject({
      files: [{ booked: 1, amount_booked: '-2' }],
    });
    writeFileSync(path, readFileSync(path, 'utf8').replace(',x', ',8'));
    expect(await run([path], ...simple, '--id', 'id')).toMatchObject({
      how: 'exit code 0',
      files: [{ booked: 0, duplicates: 3 }],
    });
  });

  // Guarantee: what the platform would refuse for certain is found before the first row is booked.
  it('with --id finds rows whose id is booked with other content, and books nothing of their file', async () => {
    const path = join(folder, 'reused.csv');
    const header = 'id,time,model,in,out';
    writeFileSync(path, `${header}\na,2026-10-31,m,1,4\n`);
    expect(await run([path], ...simple, '--id', 'id')).toMatchObject({ how: 'exit code 0', files: [{ booked: 1 }] });
    writeFileSync(path, `${header}\nb,2026-10-31,m,1,4\na,2026-10-31T00:00:00Z,m,1,4\na,2026-10-31,m,1,8\n`);
    expect((await run([path], ...simple, '--id', 'id')).files[0]?.fault_count).toBe(1);
    writeFileSync(path, `${header}\nb,2026-10-31,m,1,4\na,2026-10-31,m,1,8\n`);
    expect(await run([path], ...simple, '--id', 'id')).toMatchObject({
      how: 'exit code 1',
      files: [{ rows: 2, booked: 0, fault_count: 1, faults: [{ line: 3, column: 'id' }] }],
    });
    expect(await balance()).toBe('-1');

    expect(await run([path], ...simple, '--id', 'id', '--skip-bad')).toMatchObject({
      how: 'exit code 0',
      files: [{ booked: 1, skipped: 1, refused: 0, amount_booked: '-1' }],
    });
    expect(readFileSync(`${path}.bad.csv`, 'utf8')).toBe(`${header}\na,2026-10-31,m,1,8\n`);
  });

  it('books nothing for an account that takes no usage', async () => {
    await platform.server.patch(`/v1/accounts/${account}`, { status: 'suspended' });
    const path = join(folder, 'suspended.csv');
    writeFileSync(path, `user,time,model,in,out\n${account},2026-10-31,m,1,4\ndemo,2026-10-31,m,1,4\n`);
    const { output } = await platform.cli('import', path, '--account', 'user', ...simple, '--json');
    expect(output).toContain(`the account ${account} is suspended`);
    expect(output).toContain('nothing was booked');
  });

  it('needs no more than the right to send events; what it may not read is told at the booking', async () => {
    const { body } = await platform.server.post<{ key: string }>('/v1/api-keys', { scopes: ['events:write'] });
    const narrow = (of: string) =>
      runCli({
        args: ['import', fixture('grow1.csv'), '--account', `=${of}`, ...simple, '--url', platform.anybody.url],
        env: { SERVER_API_KEY: body.key, DATA_DIR: join(folder, 'elsewhere') },
        folder,
      });
    expect(await narrow(account)).toMatchObject({
      how: 'exit code 0',
      output: expect.stringContaining('10 rows: 10 booked'),
    });
    expect(await narrow('nobody-at-all')).toMatchObject({
      how: 'exit code 1',
      output: expect.stringContaining('ACCOUNT_UNKNOWN'),
    });
  });

  it('that is only tried books nothing and says what it would cost', async () => {
    expect(await run([fixture('grow1.csv')], ...simple, '--dry-run')).toMatchObject({
      how: 'exit code 0',
      files: [{ rows: 10, booked: 0, amount_expected: '-10' }],
    });
    expect(await entries()).toBe(0);
    expect(
      (await run([fixture('openai_empty.csv')], '--input', 'input_tokens', '--output', 'output_tokens', '--dry-run'))
        .files,
    ).toMatchObject([{ fault_count: 1, faults: [{ line: 3, column: 'output_tokens' }] }]);
    expect(
      await run(
        [fixture('openai_empty.csv')],
        '--input',
        'input_tokens',
        '--output',
        'output_tokens',
        '--empty-as-zero',
        '--dry-run',
      ),
    ).toMatchObject({ files: [{ amount_expected: '-75' }] });
  });

  it('refuses a header that names a column twice, and an empty file', async () => {
    expect((await run([fixture('duphdr.csv')], '--output', 'tokens')).output).toContain('twice');
    expect((await run([fixture('empty.csv')], '--output', 'tokens')).output).toContain('is empty');
    expect(await entries()).toBe(0);
  });

  it('takes cached tokens once, inside of the input or beside it, when the card rates them', async () => {
    const openai = [
      '--time',
      'start_time_iso',
      '--model',
      'model',
      '--input',
      'input_tokens',
      '--output',
      'output_tokens',
      '--part',
      'cache_read_tokens=input_cached_tokens',
    ];
    const refused = await run([fixture('openai.csv')], ...openai);
    expect(refused).toMatchObject({
      how: 'exit code 1',
      files: [
        { faults: [{ line: 2, detail: expect.stringContaining('QUANTITY_UNPRICED: cache_read_tokens is 1920') }] },
      ],
    });
    const content = {
      meters: { 'llm.tokens': { rates: { '*': { cache_read_tokens: '1/100', cache_write_5m_tokens: '1/10' } } } },
    };
    expect((await platform.server.post('/api/admin/catalog/rate-cards', { content })).status).toBe(201);
    // ceil(1920 / 100) + ceil(300 / 4), and ceil(9 / 4).
    expect(await run([fixture('openai.csv')], ...openai)).toMatchObject({
      how: 'exit code 0',
      files: [{ booked: 2, amount_booked: '-98' }],
    });
    // ceil(12304 / 10) + ceil(550 / 4).
    expect(
      await run(
        [fixture('anthropic.csv')],
        '--time',
        'usage_date_utc',
        '--model',
        'model_version',
        '--input',
        'usage_input_tokens_no_cache',
        '--output',
        'usage_output_tokens',
        '--count',
        'cache_write_5m_tokens=usage_input_tokens_cache_write_5m',
        '--count',
        'cache_read_tokens=usage_input_tokens_cache_read',
      ),
    ).toMatchObject({ how: 'exit code 0', files: [{ booked: 1, amount_booked: '-1369' }] });
    expect(
      await run(
        [fixture('openai_unix.csv')],
        '--time',
        'start_time',
        '--model',
        'model',
        '--input',
        'input_tokens',
        '--output',
        'output_tokens',
      ),
    ).toMatchObject({ how: 'exit code 0', files: [{ booked: 1, amount_booked: '-75' }] });
    expect(await balance()).toBe('-1542');
    expect(existsSync(join(platform.dataDir, 'imports'))).toBe(true);
  });
});

it('leaves true books', async () => {
  expect(await checkBooks(platform)).toMatchObject({ drifts: [], chainProblems: [] });
});
