import { csvCell } from '@tollgate/kernel';

import type { CustomerStatement, Money, StatementAccount, StatementLine } from './customer-statement.ts';

const kinds: Readonly<Record<StatementLine['kind'], string>> = {
  usage: 'Usage',
  fee: 'Monthly fee',
  top_up: 'Top-up',
  write_off: 'Given up',
  credit: 'Credit',
  payment: 'Payment',
  refund: 'Refund',
};

/** The lines with opening and closing balance: a table per currency, under common column names. */
export function statementCsv({ user_id: user, period, accounts }: CustomerStatement): string {
  const row = (cells: readonly unknown[]): string => `${cells.map(csvCell).join(',')}\n`;
  const balance = (currency: string, name: string, { amount_minor: minor, amount }: Money): string =>
    row([user, period, currency, '', '', 'balance', name, '', minor, amount]);
  return (
    row([
      'user_id',
      'period',
      'currency',
      'at',
      'month',
      'kind',
      'description',
      'reference',
      'amount_minor',
      'amount',
    ]) +
    accounts
      .map(
        ({ currency, opening, closing, lines }) =>
          balance(currency, 'opening balance', opening) +
          lines
            .map((line) =>
              row([
                user,
                period,
                currency,
                line.at,
                line.month,
                line.kind,
                line.description,
                line.reference,
                line.amount_minor,
                line.amount,
              ]),
            )
            .join('') +
          balance(currency, 'closing balance', closing),
      )
      .join('')
  );
}

/** A self-contained page to read or print. */
export function statementHtml(statement: CustomerStatement): string {
  const { user_id: user, period, from, to, plan, accounts } = statement;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Statement ${escaped(period)} of
  ${escaped(user)}</title><style>${style}</style></head>
<body>
<header><h1>Statement</h1><dl>
<dt>Customer</dt><dd>${escaped(user)}</dd><dt>Period</dt><dd>${escaped(period)} <small>(${day(from)} to
  ${day(new Date(Date.parse(to) - 1).toISOString())})</small></dd>
${plan === null ? '' : `<dt>Plan</dt><dd>${escaped(plan.name ?? 'none')}, version ${plan.version}</dd>`}
</dl></header>
${usageSection(statement)}
${accounts.map(accountSection).join('\n')}
${accounts.length === 0 ? '<p>Nothing was charged or paid.</p>' : ''}
<footer>Times in UTC. Blocks and fees stand in the month that they are for; credits,
  payments and refunds in the one in which they were made.</footer>
</body></html>
`;
}

function usageSection({ usage }: CustomerStatement): string {
  if (usage === null) return '';
  const rows = usage.blocks.map((block) =>
    row(
      cell(`Block ${escaped(block.block)}`),
      cell(escaped(block.billing_tier)),
      cell(`${escaped(block.plan)} v${block.plan_version}`),
      figure(shown(block.amount, block.currency)),
    ),
  );
  const terms = [
    ['Used', usage.used],
    ['Included', usage.included],
    ['Beyond', usage.beyond],
  ]
    .map(([name = '', units = '']) => `<dt>${name}</dt><dd>${grouped(units)}</dd>`)
    .join('');
  return `<section><h2>Usage</h2><dl>${terms}</dl>
${tableOf(['Block', 'Tier', 'Price plan'], 'Price', rows)}</section>`;
}

function accountSection({ currency, lines, ...sums }: StatementAccount): string {
  const sum = (name: string, { amount }: Money, strong = false): string =>
    `<tr${strong ? ' class="total"' : ''}><th>${name}</th>${figure(shown(amount, currency))}</tr>`;
  const rows = lines.map((line) =>
    row(
      cell(day(line.at)),
      cell(kinds[line.kind]),
      cell(`${escaped(line.description)}<br><small>${escaped(line.reference)}${otherMonth(line)}</small>`),
      figure(shown(line.amount, currency)),
    ),
  );
  const owed = !sums.closing.amount_minor.startsWith('-');
  const all = [
    sum('Opening balance', sums.opening),
    sum('Usage', sums.usage),
    sum('Monthly fees', sums.fees),
    ...(sums.top_ups.amount_minor === '0' ? [] : [sum('Top-ups', sums.top_ups)]),
    sum('Credits', sums.credits),
    sum('Payments', sums.payments),
    sum('Refunds', sums.refunds),
    sum(owed ? 'Closing balance, owed' : 'Closing balance, in your favour', sums.closing, true),
  ];
  return `<section><h2>${escaped(currency)}</h2>
<table class="sums"><tbody>${all.join('')}</tbody></table>
${tableOf(['Date', '', 'Description'], 'Amount', rows)}</section>`;
}

const row = (...cells: readonly string[]): string => `<tr>${cells.join('')}</tr>`;
const cell = (html: string): string => `<td>${html}</td>`;
const figure = (html: string): string => `<td class="n">${html}</td>`;

/** Nothing where there are no rows. */
function tableOf(names: readonly string[], figures: string, rows: readonly string[]): string {
  if (rows.length === 0) return '';
  const heads = [...names.map((name) => `<th>${name}</th>`), `<th class="n">${figures}</th>`];
  return `<table><thead>${row(...heads)}</thead><tbody>${rows.join('')}</tbody></table>`;
}

/** The month that a line is for, where it is not the one of its date. */
const otherMonth = ({ at, month }: StatementLine): string => (at.startsWith(month) ? '' : `, for ${escaped(month)}`);

const day = (at: string): string => at.slice(0, 10);
const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',');
/** `-1234.50` as `−1,234.50 BRL`. */
const shown = (amount: string, currency: string): string => {
  const [whole = '', fraction] = amount.replace('-', '').split('.');
  return (
    `${amount.startsWith('-') ? '−' : ''}${grouped(whole)}${fraction === undefined ? '' : `.${fraction}`} ` +
    `${escaped(currency)}`
  );
};
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

const style = `
:root { color-scheme: light; font: 15px/1.45 system-ui, sans-serif; color: #1c2430; }
body { max-width: 46rem; margin: 2.5rem auto; padding: 0 1.25rem; }
header { display: flex; justify-content: space-between; align-items: start; flex-wrap: wrap;
  border-bottom: 2px solid #1c2430; }
h1 { font-size: 1.8rem; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content auto; gap: .15rem 1rem; margin: 0 0 1rem; }
dt { color: #5c6675; }
dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; margin: 0 0 1rem; }
th { text-align: left; font-weight: 600; }
thead th { color: #5c6675; font-weight: 500; }
td, th { padding: .35rem .5rem .35rem 0; border-bottom: 1px solid #dfe3e9; vertical-align: top; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.sums { max-width: 26rem; }
.sums th { font-weight: 400; }
.total th, .total td { font-weight: 700; border-bottom: 0; border-top: 2px solid #1c2430; }
small { color: #5c6675; overflow-wrap: anywhere; }
footer { color: #5c6675; font-size: .85rem; margin-top: 2rem; }
@media print { body { margin: 0; max-width: none; }
tr { break-inside: avoid; } @page { margin: 18mm; } }
`.replaceAll('\n', '');
