import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { CatalogVersion, CatalogVersions } from './answer-shapes.ts';

export const planContent = {
  included: '8000000',
  block: '8000000',
  block_price: '12000',
  fixed_fee: '40000',
  currency: 'BRL',
  time_zone: 'America/Sao_Paulo',
  grace_seconds: 3600,
};

const planExample = {
  catalog: 'price-plan',
  name: 'default',
  version: 2,
  effective_from: '2026-12-01T00:00:00.000Z',
  content: planContent,
  published_at: '2026-11-21T12:00:00.000Z',
  status: 'booked',
};

/** What OpenAPI says of these routes. */
export const docs = {
  list: {
    summary: 'Price plans, every version, newest first',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: CatalogVersions,
    example: { items: [planExample] },
  },
  publish: {
    summary: 'Publishes the next version of a price plan',
    auth: 'admin',
    asks: 'billing',
    status: 201,
    once: true,
    answer: CatalogVersion,
    example: planExample,
    description:
      'A version is immutable and in force from effective_from (default: now). A month is priced by the version ' +
      'in force at its beginning, so a version that takes effect within a month applies from the next one. ' +
      'included and block are units; block_price and fixed_fee are minor units of the currency (ISO 4217), ' +
      'multiples of 10 if it has three decimals; months begin in time_zone. Answers when every partition has ' +
      'booked the version; status "pending": some have not within the wait, and will.',
    errors: ['CATALOG_INVALID', 'CATALOG_CONFLICT'],
  },
} satisfies Record<string, Documentation>;
