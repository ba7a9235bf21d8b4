import { appendOnly } from './append-only.ts';

/** Months that finance closed and reopened, with the figures as they were. */
export const createClosings = {
  name: '20261127234500-create-closings',
  sql: `
create table billing.closings (
  period text not null check (period ~ '^2[0-9]{3}-(0[1-9]|1[0-2])$'),
  number integer not null check (number > 0),
  type text not null check (type in ('closed', 'reopened')),
  as_of timestamptz,
  figures text,
  hash text,
  reason text,
  actor text not null,
  address text,
  at timestamptz not null,
  constraint closings_pkey primary key (period, number),
  constraint closings_with_figures check ((type = 'closed') = (figures is not null and hash is not null and as_of
    is not null)),
  constraint closings_reopened_for_a_reason check (type = 'closed' or reason is not null)
);
comment on table billing.closings is 'Closings of months and their reopenings. Append-only.';
comment on column billing.closings.hash
  is 'SHA-256 of the figures; the ledger has an entry with it, which is sealed.';
create table billing.closing_entries (
  period text not null,
  number integer not null,
  entry text not null,
  constraint closing_entries_pkey primary key (period, number),
  constraint closing_entries_closing_fkey foreign key (period, number) references billing.closings (period, number)
);
comment on table billing.closing_entries is 'The entry of the ledger that carries a closing. Append-only.';
${appendOnly('closings', 'closing_entries')}
`,
} as const;
