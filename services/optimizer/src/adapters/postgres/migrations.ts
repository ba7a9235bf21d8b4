import type { ServiceSchema } from '@tollgate/persistence';

/** Optimizer's schema: tasks and where they are. The files lie in its folder under the same ids. */
export const optimizerSchema: ServiceSchema = {
  schema: 'optimizer',
  role: 'tollgate_optimizer',
  migrations: [
    {
      name: '20261121111500-create-tasks',
      sql: `
        create table optimizer.tasks (
          id uuid not null,
          status text not null,
          size integer not null,
          format text not null,
          owner text,
          name text,
          quality smallint,
          webp boolean,
          staged_at timestamptz not null default now(),
          created_at timestamptz,
          expires_at timestamptz,
          completed_at timestamptz,
          claimed_until timestamptz,
          attempts integer not null default 0,
          optimized_size integer,
          webp_size integer,
          error text,
          constraint tasks_pkey primary key (id),
          constraint tasks_status_known check (status in ('staged', 'pending', 'completed', 'failed', 'expired')),
          constraint tasks_started check (status = 'staged' or (owner is not null and name is not null
            and quality between 1 and 100
            and webp is not null and created_at is not null and expires_at is not null))
        );
        comment on table optimizer.tasks is 'images that were uploaded; staged: not started, and removed after an hour';
        comment on column optimizer.tasks.expires_at is 'from then on the files are gone; by the platform''s clock';
        comment on column optimizer.tasks.claimed_until is 'somebody works on it; by the real clock';
        create index tasks_pending on optimizer.tasks (created_at) where status = 'pending';
        create index tasks_to_expire on optimizer.tasks (expires_at) where status in ('pending', 'completed', 'failed');
        create index tasks_staged on optimizer.tasks (staged_at) where status = 'staged';
        create index tasks_expired on optimizer.tasks (expires_at) where status = 'expired';
        grant select, insert, update, delete on optimizer.tasks to tollgate_optimizer;
      `,
    },
    {
      name: '20261121221500-mark-returned-charges',
      sql: `
        alter table optimizer.tasks add column charge_returned_at timestamptz;
        comment on column optimizer.tasks.error
          is 'why it failed; set exactly where it failed, also when it has expired since';
        comment on column optimizer.tasks.charge_returned_at
          is 'the charge of the failed task is in the log as withdrawn; by the real clock';
        create index tasks_to_return on optimizer.tasks (completed_at) where error is not null and charge_returned_at
          is null;
      `,
    },
  ],
};
