import type { Pool } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { Inbox } from '../app/inbox-ports.ts';
import type { StripeFacts } from '../domain/stripe-event.ts';
import { closeEvent, keepEvent, openEvents } from './inbox.sql.ts';

type EventRow = {
  readonly id: string;
  readonly type: string;
  readonly created_at: Date;
  readonly received_at: Date;
  readonly facts: StripeFacts;
};

/** `Inbox` on PostgreSQL. */
export function stripeInbox(pool: Pool): Inbox {
  return {
    keep: ({ id, type, createdMs, facts }, nowMs) =>
      orOutage(
        async () =>
          (await pool.query(keepEvent, [id, type, new Date(createdMs), new Date(nowMs), facts])).rowCount === 1,
      ),
    open: (limit) =>
      orOutage(async () =>
        (await pool.query<EventRow>(openEvents, [limit])).rows.map(
          ({ id, type, created_at: created, received_at: received, facts }) => ({
            id,
            type,
            createdMs: created.getTime(),
            receivedMs: received.getTime(),
            facts,
          }),
        ),
      ),
    close: (id, outcome, nowMs) =>
      orOutage(async () => {
        await pool.query(closeEvent, [id, outcome, new Date(nowMs)]);
      }),
  };
}
