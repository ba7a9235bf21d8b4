import type { FactoryProvider, Type } from '@nestjs/common';
import type { HealthReport, Metrics } from '@tollgate/service-kit';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

import type { Port } from './http-kit/port.ts';
import type { LedgerClient } from './ledger-client/app/ledger-client.ts';
import type { GatewayOptions } from './options.ts';
import type { Background } from './shared/background.ts';

/** Shared by all modules: the gateway's options, and what start.ts opens. */
export type Foundation = Omit<GatewayOptions, 'health' | 'metrics'> & {
  readonly pool: Pool;
  /** Uses the same pool. */
  readonly entities: DataSource;
  readonly metrics: Metrics;
  readonly ledgerClient: LedgerClient;
  readonly background: Background;
  readonly readiness: () => Promise<HealthReport>;
};
export const foundationToken = Symbol('foundation');

type Token<T> = Type<T> | Port<T>;
type Provided<Tokens extends readonly Token<unknown>[]> = {
  readonly [Index in keyof Tokens]: Tokens[Index] extends Type<infer T>
    ? T
    : Tokens[Index] extends Port<infer T>
      ? T
      : never;
};

/** A provider built from the foundation and from other providers. */
export const provider = <T, const Tokens extends readonly Token<unknown>[]>(
  provide: Token<T>,
  needs: Tokens,
  make: (foundation: Foundation, ...needs: Provided<Tokens>) => T | Promise<T>,
): FactoryProvider<T> => ({
  provide,
  inject: [foundationToken, ...needs],
  useFactory: make as FactoryProvider<T>['useFactory'],
});
