import { Module } from '@nestjs/common';

import { provider } from '../foundation.ts';
import { PeopleAndKeysModule } from '../people-and-keys/people-and-keys.module.ts';
import { TokenCatalogCopy } from './app/token-catalog.ts';
import { TokenProcess } from './app/token-process.ts';
import { Wallets } from './app/wallets.ts';
import { resourceController } from './routes/resources.controller.ts';
import { TokenProcessController } from './routes/token-process.controller.ts';
import { UserWalletsController } from './routes/user-wallets.controller.ts';

/** Everything under the prefixes of the token process (surfaces §2). */
@Module({
  imports: [PeopleAndKeysModule],
  controllers: [
    TokenProcessController,
    UserWalletsController,
    resourceController('features', 'Feature'),
    resourceController('feature-endpoints', 'Feature endpoint'),
    resourceController('packages', 'Package'),
    resourceController('token-profits', 'Token profit'),
  ],
  providers: [
    provider(Wallets, [], ({ ledgerClient, ledger }) => new Wallets({ ledgerClient, ledger })),
    provider(TokenCatalogCopy, [], ({ billing }) => new TokenCatalogCopy(billing)),
    provider(
      TokenProcess,
      [Wallets, TokenCatalogCopy],
      ({ ledgerClient, clock }, wallets, catalog) => new TokenProcess({ ledgerClient, wallets, catalog, clock }),
    ),
  ],
})
export class TokenProcessModule {}
