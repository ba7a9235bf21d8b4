import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Figures, Live, Ready } from './answer-shapes.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  live: {
    summary: 'The process runs',
    auth: 'none',
    local: true,
    status: 200,
    answer: Live,
    example: { live: true },
  },
  ready: {
    summary: 'A request would succeed now; 503 names the part that is missing, on one machine',
    description: 'Distributed, the parts and the figures are on HEALTH_PORT alone.',
    auth: 'none',
    local: true,
    status: 200,
    answer: Ready,
    example: {
      ready: true,
      parts: [
        { name: 'log', up: true },
        { name: 'ledger', up: true },
        { name: 'database', up: true },
      ],
    },
    also: [
      {
        status: 503,
        description: 'a part is missing',
        answer: Ready,
        example: { ready: false, parts: [{ name: 'log', up: false, detail: 'no answer within 2000 ms' }] },
      },
    ],
  },
  metrics: {
    summary: 'Figures as Prometheus text',
    auth: 'none',
    local: true,
    status: 200,
    produces: ['text/plain'],
    answer: Figures,
    example: '# HELP …',
  },
} satisfies Record<string, Documentation>;
