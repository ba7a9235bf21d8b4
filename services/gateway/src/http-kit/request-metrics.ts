import type { Metrics } from '@tollgate/service-kit';
import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram } from 'prom-client';

/** Buckets in seconds. A synchronous request waits at most 5 s. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** One in this many requests is timed, which is enough for the histogram's shape and cheaper on the hot path. */
const sampleEvery = 16;

/** Counts requests by route and status, times a sample of them, and reports how many wait for the ledger. */
export function registerRequestMetrics(fastify: FastifyInstance, registry: Metrics, waiting: () => number): void {
  const registers = [registry];
  const labelNames = ['method', 'route', 'status'];
  const requests = new Counter({ name: 'gateway_requests_total', help: 'Answered requests', labelNames, registers });
  const duration = new Histogram({
    name: 'gateway_request_seconds',
    help: `Time to the answer, of every ${sampleEvery}th request`,
    labelNames: ['method', 'route'],
    buckets,
    registers,
  });
  new Gauge({
    name: 'gateway_waiting_requests',
    help: 'Requests that wait for the ledger',
    registers,
    collect() {
      this.set(waiting());
    },
  });
  const counters = new Map<string, { value: number }>();
  let count = 0;
  fastify.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? '(none)';
    const key = `${method} ${route} ${reply.statusCode}`;
    const known = counters.get(key);
    if (known === undefined) counters.set(key, { value: 1 });
    else known.value += 1;
    count += 1;
    if (count % sampleEvery === 0) duration.observe({ method, route }, reply.elapsedTime / 1000);
    done();
  });
  // Counted in a map and handed over on collection, because prom-client hashes the labels on every increment.
  const collected = new Map<string, number>();
  const original = requests.get.bind(requests);
  requests.get = () => {
    for (const [key, { value }] of counters) {
      const [method = '', route = '', status = ''] = key.split(' ');
      requests.inc({ method, route, status }, value - (collected.get(key) ?? 0));
      collected.set(key, value);
    }
    return original();
  };
}
