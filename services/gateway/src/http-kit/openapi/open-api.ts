import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { asyncApi } from '@tollgate/contracts';

import { envelopeOf } from '../envelopes.ts';
import { componentSchemas } from './answer-schemas.ts';
import type { DocumentedError } from './documented.ts';
import { describeErrors } from './documented.ts';

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;
type Body = { required?: boolean; readonly content: Readonly<Record<string, { schema?: object }>> };

/**
 * `/api-docs` and `/api-docs-json` describe the routes, `/api-docs/events` what is published to the log (AsyncAPI 3.0).
 * Each document is made when it is first asked for.
 */
export function serveApiDocs(app: NestFastifyApplication): void {
  const about = new DocumentBuilder()
    .setTitle('Tollgate')
    .setDescription(
      'Usage metering and billing: refuse at the moment of use, keep the books like a bank. Events that are ' +
        'published to the log: /api-docs/events.',
    )
    .setVersion('1')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-server-api-key' }, 'server-key')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-api-key' }, 'user-key')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-token' }, 'activation-key')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'login')
    .build();
  let events: string | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/api-docs/events', (_request, reply) => {
      events ??= JSON.stringify(asyncApi('1'), null, 2);
      return reply.type('application/json').send(events);
    });
  SwaggerModule.setup('api-docs', app, () => completed(SwaggerModule.createDocument(app, about)), {
    jsonDocumentUrl: 'api-docs-json',
  });
}

/** Adds the error for bodies that are too large, and the referenced schemas. */
function completed(document: OpenAPIObject): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths)) {
    if (path.includes('{'))
      addErrors(path, [item.get, item.post, item.put, item.patch, item.delete], [[414, 'the request cannot be read']]);
    for (const operation of [item.post, item.put, item.patch]) {
      if (operation?.requestBody !== undefined) completeBody(path, operation);
    }
  }
  return {
    ...document,
    components: { ...document.components, schemas: { ...document.components?.schemas, ...componentSchemas() } },
  };
}

function completeBody(path: string, operation: Operation): void {
  const body = operation.requestBody as Body;
  // A body that is documented as optional stays optional.
  body.required = body.required !== false && Object.values(body.content).every(({ schema }) => needsBody(schema));
  addErrors(path, [operation], ['BODY_TOO_LARGE', 'MEDIA_TYPE_UNSUPPORTED']);
}

/** Keeps the statuses that the route documents itself. */
function addErrors(
  path: string,
  operations: readonly (Operation | undefined)[],
  errors: readonly DocumentedError[],
): void {
  for (const { status, description, content } of describeErrors(errors, envelopeOf(path))) {
    for (const operation of operations) {
      if (operation !== undefined) operation.responses[status] ??= { description, content };
    }
  }
}

/** A schema that accepts null or anything makes the body optional. */
const needsBody = (schema: object | undefined): boolean =>
  schema !== undefined && Object.keys(schema).length > 0 && (schema as { nullable?: boolean }).nullable !== true;
