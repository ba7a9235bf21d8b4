import type { Type } from '@nestjs/common';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries, CatalogResource, ResourceFields, ResourceView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { PageQuery } from '../../http-kit/paging.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { TokenCatalogCopy } from '../app/token-catalog.ts';
import { resourceDocs } from './resources.docs.ts';
import { clientId, resourceShapes } from './shapes.ts';

const door = { scope: 'admin' } as const;

const found = (name: string, item: ResourceView | null): ResourceView => {
  if (item === null) throw new AppError('not_found', 'RESOURCE_UNKNOWN', `${name} not found`);
  return item;
};

/**
 * REST for administrators for one resource of the catalog. Billing stores it; once a change is answered, the next start
 * through this gateway uses it. `name`: singular, for messages.
 */
export function resourceController(resource: CatalogResource, name: string): Type {
  const { create, change } = resourceShapes[resource];
  const docs = resourceDocs(resource, name);

  @ApiTags('token process: administration')
  @Controller(`api/${resource}`)
  @UseGuards(guarded(door))
  class ResourceController {
    readonly #billing: BillingQueries;
    readonly #copy: TokenCatalogCopy;

    constructor(@inject.billing() billing: BillingQueries, copy: TokenCatalogCopy) {
      this.#billing = billing;
      this.#copy = copy;
    }

    @Get()
    @documented(docs.list)
    async list(@Query({ schema: PageQuery }) { page, limit }: PageQuery): Promise<unknown> {
      const { items, total } = await this.#billing.listResources({ resource, offset: (page - 1) * limit, limit });
      return { success: true, message: `${name} list`, data: items, meta: { total, page, limit } };
    }

    @Get(':id')
    @documented(docs.read)
    async read(@Param('id', { schema: clientId }) id: string): Promise<unknown> {
      return {
        success: true,
        message: `${name} found`,
        data: found(name, await this.#billing.readResource({ resource, id })),
      };
    }

    @Post()
    @documented(docs.create)
    async create(
      @Body({ schema: create }) body: ResourceFields & { readonly id?: string },
      @Req() request: FastifyRequest,
      @Res() reply: FastifyReply,
    ): Promise<void> {
      const { key } = callerOf(request);
      const { id, ...fields } = body;
      const asked = { resource, fields, ...(id === undefined ? {} : { id }), ...(key === undefined ? {} : { key }) };
      const { item, replayed } = await this.#billing.createResource(asked);
      await this.#copy.changed();
      if (replayed) void reply.header('idempotent-replay', 'true');
      void reply.code(201).send({ success: true, message: `${name} created`, data: item });
    }

    @Patch(':id')
    @documented(docs.change)
    async change(
      @Param('id', { schema: clientId }) id: string,
      @Body({ schema: change }) fields: ResourceFields,
    ): Promise<unknown> {
      const item = found(name, await this.#billing.changeResource({ resource, id, fields }));
      await this.#copy.changed();
      return { success: true, message: `${name} updated`, data: item };
    }

    @Delete(':id')
    @HttpCode(200)
    @documented(docs.remove)
    async remove(@Param('id', { schema: clientId }) id: string): Promise<unknown> {
      const item = found(name, await this.#billing.removeResource({ resource, id }));
      await this.#copy.changed();
      return { success: true, message: `${name} deleted`, data: item };
    }
  }
  // OpenAPI derives operation ids from the class name.
  Object.defineProperty(ResourceController, 'name', { value: `${name.replaceAll(' ', '')}Controller` });
  return ResourceController;
}
