import { setTimeout as delay } from 'node:timers/promises';

import type { DifferenceView, ReconciliationView } from '@tollgate/contracts';
import { type Command, Option } from 'commander';

import type { Api } from './api.ts';
import type { Connect } from './connect.ts';
import { writeOut } from './csv.ts';
import { CommandFailed, counted, type Output } from './output.ts';
import { createProgress } from './progress.ts';

type Options = {
  readonly json?: boolean;
  readonly format?: string;
  readonly period?: string;
  readonly fix?: boolean;
  readonly fresh?: boolean;
};
type Answer = {
  readonly data: ReconciliationView & { readonly items: readonly DifferenceView[]; readonly next: string | null };
};

const pollMs = 500;
const pageSize = 1_000;
const path = '/api/admin/billing/reconcile';

/**
 * `reconcile`: Stripe compared with the books of a month, by the billing service; this command asks, waits and shows.
 */
export function addReconcileCommand(program: Command, connect: Connect): void {
  program
    .command('reconcile')
    .description(
      "compares Stripe's payments, invoices and refunds of a month with the books, and lists each difference " +
        'with what --fix would do',
    )
    .option('--period <yyyy-mm>', 'the month, in the time zone of the price plan')
    .option('--fix', 'fix what moves no money; the rest stays a proposal')
    .option('--fresh', 'start a new run instead of continuing one that was interrupted')
    .addOption(new Option('--format <format>', 'text or json').choices(['text', 'json']))
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .addHelpText(
      'after',
      `
Exit code 0: no difference (with --fix: none that remains); acknowledged ones do not count. 1: differences, listed.
2: wrong usage.
The work is kept page by page: a run that was broken off, by whatever, goes on with the next call, and also by itself.`,
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      if (options.period === undefined || !/^2\d{3}-(0[1-9]|1[0-2])$/.test(options.period)) {
        process.stderr.write('which month? --period is written like 2026-10\n');
        process.exitCode = 2;
        return;
      }
      await connect(command, (api, output) => reconcile(api, output, options));
    });
}

async function reconcile(
  api: Api,
  output: Output,
  { period, fix = false, fresh = false, json, format }: Options,
): Promise<void> {
  const asJson = json === true || format === 'json';
  const started = await api.send<Answer>('POST', path, { body: { period, fix, fresh } });
  const id = started?.data.id;
  if (id === undefined) throw new CommandFailed('the platform does not know how to reconcile');
  const run = await untilEnd(api, id, asJson ? () => undefined : output.remark, asJson);
  if (run.state !== 'done')
    throw new CommandFailed(`the run ${run.state}${run.trouble === null ? '' : `: ${run.trouble}`}`);
  if (asJson) await writeOut(`${JSON.stringify(run).slice(0, -1)},"items":[`);
  else await writeOut(headOf(run));
  let first = true;
  for await (const page of pages(api, id)) {
    await writeOut(
      page
        .map((each) => {
          const text = asJson ? `${first ? '' : ','}${JSON.stringify(each)}` : linesOf(each);
          first = false;
          return text;
        })
        .join(''),
    );
  }
  if (asJson) await writeOut(']}\n');
  process.exitCode = run.remaining > 0 ? 1 : 0;
}

/** Shows how far it is, and why it waits. */
async function untilEnd(
  api: Api,
  id: string,
  remark: (line: string) => void,
  quiet: boolean,
): Promise<ReconciliationView> {
  const progress = createProgress(quiet, 'rows');
  let told: string | null = null;
  try {
    for (;;) {
      const answer = await api.send<Answer>('GET', `${path}/${id}?limit=1`);
      if (answer === undefined) throw new CommandFailed('the run is gone');
      const { items: _, next: __, ...run } = answer.data;
      if (run.state !== 'running') return run;
      progress.update(run.done, Math.max(run.expected, run.done + 1));
      if (run.trouble !== null && run.trouble !== told) remark(`waiting: ${run.trouble}`);
      told = run.trouble;
      await delay(pollMs);
    }
  } finally {
    progress.stop();
  }
}

async function* pages(api: Api, id: string): AsyncGenerator<readonly DifferenceView[]> {
  let after: string | null = '0';
  while (after !== null) {
    const page: Answer | undefined = await api.send<Answer>('GET', `${path}/${id}?limit=${pageSize}&after=${after}`);
    yield page?.data.items ?? [];
    after = page?.data.next ?? null;
  }
}

const outcomes = { fixed: 'fixed', remains: 'could not be fixed now' } as const;

function headOf(run: ReconciliationView): string {
  const found =
    run.differences === 0
      ? 'no difference'
      : `${counted(run.differences, 'difference')}, ${run.fixed} fixed, ${run.remaining} ` +
        `${run.remaining === 1 ? 'remains' : 'remain'}` +
        `${run.acknowledged === 0 ? '' : `, ${run.acknowledged} acknowledged`}: run ${run.id}`;
  const under = run.under_way === 0 ? '' : `; ${run.under_way} just under way, look again in a minute`;
  return `${run.period} (${run.from} to ${run.to}): ${counted(run.done, 'row')} read, ${found}${under}\n`;
}

function linesOf({
  number,
  kind,
  reference,
  account,
  reason,
  fix,
  proposal,
  outcome,
  acknowledged,
}: DifferenceView): string {
  return [
    `${number}  ${kind}  ${reference}${account === null ? '' : `  ${account}`}`,
    `    ${reason}`,
    ...(fix === null ? [] : [`    ${outcome === null ? '--fix would' : outcomes[outcome]}: ${fix}`]),
    ...(proposal === null ? [] : [`    proposal: ${proposal}`]),
    ...(acknowledged === null
      ? []
      : [`    acknowledged by ${acknowledged.by} until ${acknowledged.until}: ${acknowledged.reason}`]),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
