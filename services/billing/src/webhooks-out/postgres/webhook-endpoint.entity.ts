import type { EndpointView } from '@tollgate/contracts';
import { isoInstant } from '@tollgate/persistence';
import { EntitySchema } from 'typeorm';

/** An endpoint as it is shown, and what is kept of it besides; a removed one stays, without its secrets. */
export type WebhookEndpoint = EndpointView & {
  /** Sealed. */
  readonly secret: string;
  /** Signs too, until then. */
  readonly secret_before: string | null;
  readonly secret_before_until: Date | null;
  readonly removed_at: Date | null;
};

const amountText = {
  to: (text: string | null | undefined) => text,
  from: (amount: bigint | null) => (amount === null ? null : String(amount)),
};

export const webhookEndpointEntity = new EntitySchema<WebhookEndpoint>({
  name: 'WebhookEndpoint',
  schema: 'billing',
  tableName: 'webhook_endpoints',
  columns: {
    id: { type: 'uuid', primary: true },
    url: { type: 'text' },
    events: { type: 'text', array: true },
    account_prefix: { type: 'text', nullable: true },
    balance_below: { type: 'bigint', nullable: true, transformer: amountText },
    thresholds: { type: 'smallint', array: true },
    description: { type: 'text', nullable: true },
    enabled: { type: 'boolean' },
    disabled_reason: { type: 'text', nullable: true },
    created_at: { type: 'timestamptz', transformer: isoInstant },
    secret: { type: 'text', select: false },
    secret_before: { type: 'text', nullable: true, select: false },
    secret_before_until: { type: 'timestamptz', nullable: true, select: false },
    removed_at: { type: 'timestamptz', nullable: true, select: false },
  },
});
