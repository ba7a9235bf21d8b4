import type { ServiceSchema } from '@tollgate/persistence';

/**
 * What the simulator keeps, in a schema of its own: billing's role cannot reach it, so that both meet over HTTP alone.
 */
export const stripeSimulatorSchema: ServiceSchema = {
  schema: 'stripe_simulator',
  role: 'tollgate_stripe_simulator',
  migrations: [
    {
      name: '20261121110000-create-simulator',
      sql: `
        create table stripe_simulator.objects (
          id text not null,
          kind text not null,
          customer text,
          created bigint not null,
          due bigint,
          position bigint generated always as identity,
          body jsonb not null,
          constraint objects_pkey primary key (id)
        );
        create index objects_newest on stripe_simulator.objects (kind, customer, position desc);
        create index objects_due on stripe_simulator.objects (due) where due is not null;
        comment on column stripe_simulator.objects.due is 'When something happens to it by itself; seconds since 1970.';

        create table stripe_simulator.answers (
          idempotency_key text not null,
          request_hash text not null,
          status integer not null,
          body jsonb not null,
          created bigint not null,
          constraint answers_pkey primary key (idempotency_key)
        );

        create table stripe_simulator.events (
          position bigint generated always as identity,
          id text not null,
          body jsonb not null,
          tries integer not null default 0,
          delivered_at timestamptz,
          next_try_at timestamptz not null default now(),
          constraint events_pkey primary key (position),
          constraint events_id_once unique (id)
        );
        create index events_undelivered on stripe_simulator.events (next_try_at) where delivered_at is null;

        grant select, insert, update, delete on stripe_simulator.objects, stripe_simulator.answers,
          stripe_simulator.events to tollgate_stripe_simulator;
      `,
    },
  ],
};
