import type { Migration, ServiceSchema } from '@tollgate/persistence';

/**
 * The tables of the embedded log. Batches are only inserted, and removed from their low end by prune. `partitions`
 * keeps what must outlive the batches: where the log starts, and the time of the last record removed.
 */
const createLog = `
create table log.topics (
  id int generated always as identity primary key,
  topic text not null constraint topics_name_once unique,
  topic_id uuid not null default gen_random_uuid(),
  partitions int not null constraint topics_partitions_positive check (partitions > 0),
  retention_days int
);
create table log.partitions (
  topic int not null references log.topics (id),
  partition int not null,
  start_offset bigint not null default 0,
  pruned_time_ms bigint not null default 0,
  constraint partitions_pk primary key (topic, partition)
);
create table log.batches (
  topic int not null,
  partition int not null,
  records int not null,
  first_offset bigint not null,
  time_ms bigint not null,
  body bytea not null,
  constraint batches_offset_once primary key (topic, partition, first_offset)
);
alter table log.batches alter column body set storage external;
create table log.commits (
  consumer_group text not null,
  topic int not null references log.topics (id),
  partition int not null,
  next_offset bigint not null,
  constraint commits_pk primary key (consumer_group, topic, partition)
);
grant select, insert on log.topics to tollgate_log;
grant select, insert, update on log.partitions, log.commits to tollgate_log;
grant select, insert, delete on log.batches to tollgate_log;
`;

export const embeddedLogMigrations: readonly Migration[] = [{ name: '20261121000000-create-log', sql: createLog }];

/** The schema of the embedded log with the role that uses it: apart from the ledger's (rule 4). */
export const embeddedLogSchema: ServiceSchema = {
  schema: 'log',
  role: 'tollgate_log',
  migrations: embeddedLogMigrations,
};
