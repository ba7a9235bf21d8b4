import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { CatalogVersion, CatalogVersions } from './answer-shapes.ts';

const cardExample = {
  catalog: 'rate-card',
  name: 'default',
  version: 2,
  effective_from: '2026-12-01T00:00:00.000Z',
  content: { profit_percent: 20 },
  published_at: '2026-11-21T12:00:00.000Z',
  status: 'booked',
};

/** What OpenAPI says of these routes. */
export const docs = {
  list: {
    summary: 'Rate cards, every version, newest first',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: CatalogVersions,
    example: { items: [cardExample] },
  },
  publish: {
    summary: 'Publishes the next version of a rate card',
    auth: 'admin',
    asks: 'billing',
    status: 201,
    once: true,
    answer: CatalogVersion,
    example: cardExample,
    description:
      'content: `{profit_percent?, meters?: {<event type>: {rates: {<model>|"*": {<quantity>: "n/d"}}, profit?}}}`. ' +
      "If a model's row has no rate for input_tokens or output_tokens, the row `*` applies, then the built-in card. " +
      'Any other count above 0 without a rate is refused with QUANTITY_UNPRICED; the rate "0" makes it free. A ' +
      'version is immutable and in force in every partition from effective_from (default: now). Answers when all ' +
      'partitions have booked it; status "pending": some have not within the wait, and will.',
    errors: ['CATALOG_INVALID', 'CATALOG_CONFLICT'],
  },
} satisfies Record<string, Documentation>;
