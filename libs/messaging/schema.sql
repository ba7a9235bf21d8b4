-- The schema "log" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

table log.batches
  topic integer not null
  partition integer not null
  records integer not null
  first_offset bigint not null
  time_ms bigint not null
  body bytea not null
  constraint batches_offset_once PRIMARY KEY (topic, partition, first_offset)

table log.commits
  consumer_group text not null
  topic integer not null
  partition integer not null
  next_offset bigint not null
  constraint commits_pk PRIMARY KEY (consumer_group, topic, partition)
  constraint commits_topic_fkey FOREIGN KEY (topic) REFERENCES log.topics(id)

table log.partitions
  topic integer not null
  partition integer not null
  start_offset bigint not null default 0
  pruned_time_ms bigint not null default 0
  constraint partitions_pk PRIMARY KEY (topic, partition)
  constraint partitions_topic_fkey FOREIGN KEY (topic) REFERENCES log.topics(id)

table log.topics
  id integer not null generated always as identity
  topic text not null
  topic_id uuid not null default gen_random_uuid()
  partitions integer not null
  retention_days integer
  constraint topics_name_once UNIQUE (topic)
  constraint topics_partitions_positive CHECK ((partitions > 0))
  constraint topics_pkey PRIMARY KEY (id)


sequence log.topics_id_seq integer start 1 increment 1

grant delete, insert, select on log.batches to tollgate_log
grant insert, select on log.topics to tollgate_log
grant insert, select, update on log.commits to tollgate_log
grant insert, select, update on log.partitions to tollgate_log
grant usage on schema log to tollgate_log
