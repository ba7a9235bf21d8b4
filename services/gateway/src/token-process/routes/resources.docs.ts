import type { CatalogResource } from '@tollgate/contracts';

import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { resourceAnswers } from './answer-shapes.ts';
import { resourceShapes } from './shapes.ts';

const surface = 'token process';
const auth = 'admin';
const dates = { created_at: '2026-11-21T12:00:00.000Z', updated_at: '2026-11-21T12:00:00.000Z' };

/** What OpenAPI says of the routes of a resource. */
export function resourceDocs(resource: CatalogResource, name: string) {
  const { one, page } = resourceAnswers(resource);
  const example = { ...resourceShapes[resource].example, ...dates };
  const unknown = [404, `${name} not found`] as const;
  return {
    list: {
      summary: `${name}: all, newest first`,
      auth,
      status: 200,
      surface,
      answer: page,
      example: { success: true, message: `${name} list`, data: [example], meta: { total: 1, page: 1, limit: 20 } },
    },
    read: {
      summary: `${name}: one`,
      auth,
      status: 200,
      surface,
      answer: one,
      example: { success: true, message: `${name} found`, data: example },
      errors: [unknown],
    },
    create: {
      summary: `${name}: make one, under an id of your own if you like`,
      auth,
      status: 201,
      once: true,
      surface,
      answer: one,
      example: { success: true, message: `${name} created`, data: example },
      errors: ['RESOURCE_EXISTS'],
    },
    change: {
      summary: `${name}: change what is given`,
      auth,
      status: 200,
      surface,
      answer: one,
      example: { success: true, message: `${name} updated`, data: example },
      errors: [unknown],
    },
    remove: {
      summary: `${name}: remove`,
      auth,
      status: 200,
      surface,
      answer: one,
      example: { success: true, message: `${name} deleted`, data: example },
      errors: [unknown, 'RESOURCE_IN_USE'],
    },
  } satisfies Record<string, Documentation>;
}
