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
    summary: 'Whether a request would succeed now; on one machine a 503 names the part that is down',
    description: 'In a distributed set-up the parts and the metrics are served on HEALTH_PORT only.',
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
        description: 'a part is down',
        answer: Ready,
        example: { ready: false, parts: [{ name: 'log', up: false, detail: 'no answer within 2000 ms' }] },
      },
    ],
  },
  metrics: {
    summary: 'Metrics in the Prometheus text format',
    auth: 'none',
    local: true,
    status: 200,
    produces: ['text/plain'],
    answer: Figures,
    example: '# HELP …',
  },
} satisfies Record<string, Documentation>;
