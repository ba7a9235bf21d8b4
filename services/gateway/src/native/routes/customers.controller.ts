import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { documented } from '../../http-kit/openapi/documented.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { CustomerLookUp, type FoundCustomer } from '../app/customer-look-up.ts';
import { docs } from './customers.docs.ts';
import { FindCustomersQuery } from './shapes.ts';

/** Finds the customer behind a support request. */
@ApiTags('customers')
@Controller('v1/customers')
export class CustomersController {
  readonly #customers: CustomerLookUp;

  constructor(customers: CustomerLookUp) {
    this.#customers = customers;
  }

  @Get()
  @UseGuards(guarded({ scope: 'accounts:read' }))
  @documented(docs.find)
  find(
    @Query({ schema: FindCustomersQuery }) query: FindCustomersQuery,
  ): Promise<{ readonly items: readonly FoundCustomer[]; readonly next: string | null }> {
    const { after, limit, ...by } = query;
    return this.#customers.find(by, { after, limit });
  }
}
