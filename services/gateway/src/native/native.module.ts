import { Module } from '@nestjs/common';

import { provider } from '../foundation.ts';
import { tokens } from '../http-kit/tokens.ts';
import { PeopleAndKeysModule, userStore } from '../people-and-keys/people-and-keys.module.ts';
import { CustomerLookUp } from './app/customer-look-up.ts';
import { Erasures } from './app/erasures.ts';
import { makeErasureStore } from './postgres/erasures.ts';
import { AccountTermsController } from './routes/account-terms.controller.ts';
import { AccountsController } from './routes/accounts.controller.ts';
import { CustomersController } from './routes/customers.controller.ts';
import { DeadLettersController } from './routes/dead-letters.controller.ts';
import { EntriesController } from './routes/entries.controller.ts';
import { ErasuresController } from './routes/erasures.controller.ts';
import { EventsController } from './routes/events.controller.ts';
import { FindAccountsController } from './routes/find-accounts.controller.ts';
import { HoldsController } from './routes/holds.controller.ts';
import { PricePlansController } from './routes/price-plans.controller.ts';
import { RateCardsController } from './routes/rate-cards.controller.ts';
import { RefusalsController } from './routes/refusals.controller.ts';
import { SpendsController } from './routes/spends.controller.ts';
import { TestClockController } from './routes/test-clock.controller.ts';
import { TopUpsController } from './routes/top-ups.controller.ts';
import { WebhookEndpointsController } from './routes/webhook-endpoints.controller.ts';

/** `/v1`, and the catalog of prices. */
@Module({
  imports: [PeopleAndKeysModule],
  controllers: [
    EventsController,
    FindAccountsController,
    CustomersController,
    AccountsController,
    AccountTermsController,
    RefusalsController,
    SpendsController,
    HoldsController,
    EntriesController,
    ErasuresController,
    TestClockController,
    WebhookEndpointsController,
    TopUpsController,
    DeadLettersController,
    PricePlansController,
    RateCardsController,
  ],
  providers: [
    provider(
      CustomerLookUp,
      [userStore],
      ({ ledger, billing }, users) => new CustomerLookUp({ users, ledger, billing }),
    ),
    provider(Erasures, [], ({ pool, ledger }) => new Erasures({ store: makeErasureStore(pool), ledger })),
    provider(tokens.testClock, [], ({ testClock }) => testClock ?? null),
  ],
})
export class NativeModule {}
