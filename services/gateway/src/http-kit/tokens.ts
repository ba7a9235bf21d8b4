import { Inject } from '@nestjs/common';
import type { BillingQueries, LedgerQueries, Optimizer, QuotaQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { HealthReport, Metrics } from '@tollgate/service-kit';

import { port } from './port.ts';

/** Injection tokens of ports, which are types without a class. */
export const tokens = {
  ledger: port<LedgerQueries>('ledger'),
  billing: port<BillingQueries>('billing'),
  clock: port<Clock>('clock'),
  testClock: port<unknown>('testClock'),
  quota: port<QuotaQueries>('quota'),
  optimizer: port<Optimizer>('optimizer'),
  optimizeAdminToken: port<string>('optimizeAdminToken'),
  readiness: port<() => Promise<HealthReport>>('readiness'),
  publicDetails: port<boolean>('publicDetails'),
  metrics: port<Metrics>('metrics'),
} as const;

export const inject = {
  ledger: () => Inject(tokens.ledger),
  billing: () => Inject(tokens.billing),
  clock: () => Inject(tokens.clock),
  testClock: () => Inject(tokens.testClock),
  quota: () => Inject(tokens.quota),
  optimizer: () => Inject(tokens.optimizer),
  optimizeAdminToken: () => Inject(tokens.optimizeAdminToken),
  readiness: () => Inject(tokens.readiness),
  publicDetails: () => Inject(tokens.publicDetails),
  metrics: () => Inject(tokens.metrics),
};
