import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { financeOrder, financeSchemaName, type FinanceView, topics } from '@tollgate/contracts';
import { AppError, wallClock } from '@tollgate/kernel';
import { type Audit, type AuditedEntry, withAudit } from '@tollgate/ledger';
import { type ViewRow, viewRows } from '@tollgate/persistence';
import { type Command, InvalidArgumentError } from 'commander';

import { type BooksAccess, withBooks } from './books-access.ts';
import { BundleFiles } from './bundle-files.ts';
import { CommandFailed, createOutput } from './output.ts';

type Month = { readonly account: string; readonly period: string; readonly from: string; readonly to: string };
const assets = new URL('../../audit/', import.meta.url);
const fixed = ['README.md', 'verify.mjs'];
const aboutCharges = ['attempts', 'payments', 'credit_notes', 'refunds'] as const satisfies readonly FinanceView[];
const summed = ['charges', 'payments', 'credit_notes', 'refunds', 'fees', 'top_ups'];

/** `audit-bundle`: an account's month with its proofs, for an auditor who relies on nothing else. */
export function addAuditBundleCommand(program: Command): void {
  program
    .command('audit-bundle')
    .description(
      'writes a folder with the entries of an account for a month, their proofs, seals, explanations, charges ' +
        'and ids at Stripe, and a program that verifies them without anything of ours',
    )
    .requiredOption('--account <id>', 'the account')
    .requiredOption(
      '--period <yyyy-mm>',
      "the month; of an account with a price plan in the plan's time zone, else in UTC",
    )
    .option('--out <folder>', 'where to; it must be new or empty. Default: audit-<account>-<period>')
    .option(
      '--max-seals <number>',
      'all seals between the first and the last that are needed are in it, while these are no more',
      wholeNumber,
      50_000,
    )
    .addHelpText(
      'after',
      '\nWorks while the platform runs and when it is stopped. Give the folder to the auditor, who runs `node ' +
        'verify.mjs` in it.',
    )
    .action(async (options: { account: string; period: string; out?: string; maxSeals: number }, command: Command) => {
      const { account, period } = options;
      if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(period))
        throw new CommandFailed(`--period is written like 2026-10, not ${period}`);
      const folder = options.out ?? `audit-${account.replaceAll(/[^A-Za-z0-9._-]/g, '_')}-${period}`;
      if (existsSync(folder) && readdirSync(folder).length > 0)
        throw new CommandFailed(`${folder} is not empty: name another folder with --out`);
      const manifest = await withBooks((books) =>
        withAudit(books.ledgerUrl, (audit) =>
          makeBundle({ books, audit, folder, account, period, sealsMax: options.maxSeals }),
        ),
      );
      createOutput(command.optsWithGlobals<{ json?: boolean }>().json ?? false).result({ folder, ...manifest }, [
        `${folder}: ${manifest.lines['entries']} entries of ${account} in ${period}, ${manifest.lines['later']} ` +
          `booked later, ${manifest.lines['charges']} charges`,
        `Verify it with: node ${join(folder, 'verify.mjs')}`,
      ]);
    });
}

type Parts = {
  readonly books: BooksAccess;
  readonly audit: Audit;
  readonly folder: string;
  readonly account: string;
  readonly period: string;
  readonly sealsMax: number;
};

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

async function makeBundle({ books, audit, folder, account, period, sealsMax }: Parts) {
  const view = await audit.account(account);
  if (view === null) throw new CommandFailed(`there is no account ${account}`);
  const month = await monthOf(audit, account, period);
  const existed = existsSync(folder);
  await mkdir(folder, { recursive: true });
  const files = new BundleFiles(folder);
  try {
    const balances = await writeEntries(files, { audit, month });
    const chain = await writeSeals(files, { books, audit, account, sealsMax });
    const sums = await writeMoney(files, books.financeUrl, month);
    const manifest = {
      account,
      kind: view.kind,
      unit: view.unit,
      owner: view.owner,
      partition: audit.partitionOf(account),
      period,
      from: month.from,
      to: month.to,
      made_at: new Date(wallClock.nowMs()).toISOString(),
      ...balances,
      chain,
      lines: files.lines(),
      sums,
    };
    await files.close();
    await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    for (const name of fixed) {
      const text = await readFile(new URL(name, assets), 'utf8');
      await writeFile(
        join(folder, name),
        name === 'README.md' ? text.replace('ACCOUNT', () => account).replace('PERIOD', period) : text,
      );
    }
    await files.writeSums([...fixed, 'manifest.json']);
    return manifest;
  } catch (error) {
    await files.close();
    for (const name of readdirSync(folder)) await rm(join(folder, name));
    if (!existed) await rm(folder, { recursive: true });
    throw error;
  }
}

/** The bounds of the account's own month where it has calendar months, in whatever zone; else those of UTC. */
async function monthOf(audit: Audit, account: string, period: string): Promise<Month> {
  const [year = 0, month = 0] = period.split('-').map(Number);
  const [startMs, endMs] = [Date.UTC(year, month - 1, 1), Date.UTC(year, month, 1)];
  const own = (await audit.usage(account, new Date(Date.UTC(year, month - 1, 15)).toISOString()))?.period;
  const near = (time: string, ms: number): boolean => Math.abs(Date.parse(time) - ms) <= 86_400_000;
  if (own !== undefined && near(own.start, startMs) && near(own.end, endMs))
    return { account, period, from: own.start, to: own.end };
  return { account, period, from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() };
}

/** Answers the balances before and after the month. */
async function writeEntries(files: BundleFiles, { audit, month }: { readonly audit: Audit; readonly month: Month }) {
  let [opening, closing] = [
    null as { seq: string; balance: string } | null,
    null as { seq: string; balance: string } | null,
  ];
  for await (const one of audit.entries(month)) {
    const { seq, amount, balance_after: after } = one.entry;
    opening ??= { seq: String(BigInt(seq) - 1n), balance: String(BigInt(after) - BigInt(amount)) };
    closing = { seq, balance: after };
    await writeEntry(files, 'entries', one);
  }
  for await (const one of audit.later(month)) await writeEntry(files, 'later', one);
  if (opening !== null && closing !== null) return bounded(files, { audit, month, opening, closing });
  // Nothing was booked in the month.
  const then = await audit.account(month.account, month.from);
  const idle = { seq: then?.as_of.seq ?? '0', balance: then?.balance ?? '0' };
  return bounded(files, { audit, month, opening: idle, closing: idle });
}

type Balance = { readonly seq: string; readonly balance: string };

/** The entries right before the month and right after it: that nothing between them is missing is sealed, too. */
async function bounded(
  files: BundleFiles,
  of: { readonly audit: Audit; readonly month: Month; readonly opening: Balance; readonly closing: Balance },
): Promise<{ opening: Balance; closing: Balance }> {
  const { audit, month, opening, closing } = of;
  for (const seq of [Number(opening.seq), Number(closing.seq) + 1]) {
    const one = seq === 0 ? null : await audit.entry(month.account, seq);
    if (one !== null) await writeEntry(files, 'boundaries', one);
  }
  return { opening, closing };
}

async function writeEntry(
  files: BundleFiles,
  name: 'entries' | 'later' | 'boundaries',
  { entry, words, explanation, proof }: AuditedEntry,
): Promise<void> {
  await files.write(name, entry);
  await files.write('proofs', proof);
  if (words !== null) await files.write('words', { entry: entry.id, ...words });
  if (explanation !== null) {
    const { details: _, ...bare } = explanation.entry;
    await files.write('explanations', { ...explanation, entry: bare });
  }
  files.note(Number(proof.seal));
}

/**
 * Writes the seals that cover the entries. Unless these would be too many, all seals between the first and the last are
 * included (`whole`). Each is written with its copy in the published topic, which is kept outside of the tables.
 */
async function writeSeals(
  files: BundleFiles,
  { books, audit, account, sealsMax }: Pick<Parts, 'books' | 'audit' | 'account' | 'sealsMax'>,
): Promise<'whole' | 'covering'> {
  const needed = files.noted();
  const [first, last] = [needed[0], needed.at(-1)];
  if (first === undefined || last === undefined) return 'whole';
  const chain = last - first < sealsMax ? 'whole' : 'covering';
  const partition = audit.partitionOf(account);
  const stretches = chain === 'whole' ? [[first, last] as const] : needed.map((number) => [number, number] as const);
  for (const [from, to] of stretches)
    for await (const seal of audit.seals(partition, from, to)) await files.write('seals', seal);
  const written = new Set(needed);
  const topic = await books.log.describe(topics.ledgerSeals).catch((error: unknown) => {
    if (error instanceof AppError && error.kind === 'not_found') return null;
    throw error;
  });
  const start = topic?.partitions.find((one) => one.partition === partition)?.start;
  if (start === undefined) return chain;
  for await (const records of books.log.read({ topic: topics.ledgerSeals, partition, from: start })) {
    for (const { value, offset } of records) {
      const seal = JSON.parse(value) as Readonly<Record<string, unknown>>;
      const number = Number(seal['number']);
      if (chain === 'whole' ? number >= first && number <= last : written.has(number))
        await files.write('checkpoints', { offset: String(offset), ...seal });
    }
  }
  return chain;
}

type Sums = Record<string, Record<string, string>>;

/** Rows of finance's views about the account's charges and top-ups of the month, and the customer's fees. */
async function writeMoney(files: BundleFiles, url: string, { account, period }: Month): Promise<Sums> {
  const sums: Sums = Object.fromEntries(summed.map((name) => [name, {}]));
  const charges = new Set<unknown>();
  const copy = async (
    view: FinanceView,
    where: Readonly<Record<string, string>>,
    takes: (row: ViewRow) => boolean,
  ): Promise<void> => {
    for await (const { rows } of viewRows(url, { schema: financeSchemaName, view, where, order: financeOrder[view] })) {
      for (const row of rows.filter(takes)) {
        await files.write(view, row);
        if (view === 'charges') charges.add(row['id']);
        const [of, currency] = [sums[view], String(row['currency'])];
        if (of) of[currency] = String(BigInt(of[currency] ?? 0) + BigInt(String(row['amount_minor'])));
      }
    }
  };
  await copy('charges', { account, month: period }, () => true);
  if (charges.size > 0)
    for (const view of aboutCharges) await copy(view, { month: period }, (row) => charges.has(row['charge_id']));
  await copy('top_ups', { account, month: period }, () => true);
  const user = /^metered:([^/]+)$/.exec(account)?.[1]?.replaceAll('%2F', '/').replaceAll('%25', '%');
  if (user !== undefined) await copy('fees', { user_id: user, month: period }, () => true);
  return sums;
}
