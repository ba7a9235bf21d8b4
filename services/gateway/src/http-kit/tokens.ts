import { Inject } from '@nestjs/common';

/** Providers that are ports, so that Nest cannot name them by a class. */
export const tokens = {
  ledger: Symbol('ledger'),
  billing: Symbol('billing'),
  clock: Symbol('clock'),
  testClock: Symbol('testClock'),
  quota: Symbol('quota'),
  optimizer: Symbol('optimizer'),
  optimizeAdminToken: Symbol('optimizeAdminToken'),
  readiness: Symbol('readiness'),
  publicDetails: Symbol('publicDetails'),
  metrics: Symbol('metrics'),
  erase: Symbol('erase'),
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
  erase: () => Inject(tokens.erase),
};
