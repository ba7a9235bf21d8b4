import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';

import type { Foundation } from './foundation.ts';
import { foundationToken, provider } from './foundation.ts';
import { tokens } from './http-kit/tokens.ts';
import { LedgerClient } from './ledger-client/app/ledger-client.ts';

/** The ports that every surface uses. */
@Module({})
export class FoundationModule {
  static with(foundation: Foundation): DynamicModule {
    const providers = [
      { provide: foundationToken, useValue: foundation },
      provider(LedgerClient, [], ({ ledgerClient }) => ledgerClient),
      provider(tokens.ledger, [], ({ ledger }) => ledger),
      provider(tokens.billing, [], ({ billing }) => billing),
      provider(tokens.clock, [], ({ clock }) => clock),
    ];
    return {
      module: FoundationModule,
      global: true,
      providers,
      exports: [foundationToken, LedgerClient, tokens.ledger, tokens.billing, tokens.clock],
    };
  }
}
