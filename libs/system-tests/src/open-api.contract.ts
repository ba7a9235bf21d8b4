import { describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import openapiTS, { astToString } from 'openapi-typescript';

import { compileErrors } from './harness/compile.ts';
import type { Content, JsonSchema } from './harness/open-api.ts';
import { ApiDocument } from './harness/open-api.ts';
import type { Platform } from './harness/platform.ts';

const read = (platform: Platform): Promise<ApiDocument> => ApiDocument.read(platform.anybody);

/** The envelope of each surface by its schema (surfaces §0.1). */
const envelopes: readonly (readonly [prefix: string, schema: string])[] = [
  ['/api/user/usage', 'CreditsError'],
  ['/api/projects', 'CreditsError'],
  ['/api/review', 'CreditsError'],
  ['/api/admin/credits', 'CreditsError'],
  ['/api/token-billing', 'TierBillingError'],
  ['/api/admin/billing', 'TierBillingError'],
  ['/api/webhooks', 'TierBillingError'],
  ['/api/user-wallets', 'TokenProcessError'],
  ['/api/user', 'LicenceKeyError'],
  ['/api/auth', 'LicenceKeyError'],
  ['/api/license', 'LicenceKeyError'],
  ['/api/admin/license-keys', 'LicenceKeyError'],
  ['/api/token-process', 'TokenProcessError'],
  ['/api/features', 'TokenProcessError'],
  ['/api/feature-endpoints', 'TokenProcessError'],
  ['/api/packages', 'TokenProcessError'],
  ['/api/token-profits', 'TokenProcessError'],
  ['/api/optimize', 'OptimizeError'],
];
const envelopeOf = (path: string): string =>
  envelopes.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1] ?? 'Problem';

type Example = { readonly where: string; readonly schema: JsonSchema; readonly value: unknown };

function examplesOf(api: ApiDocument): readonly Example[] {
  return api.routes.flatMap(({ method, path, operation }) => [
    ...inContent(`${method} ${path} request`, operation.requestBody?.content ?? {}),
    ...(operation.parameters ?? []).flatMap(({ name, schema }) =>
      'example' in schema ? [{ where: `${method} ${path} ${name}`, schema, value: schema['example'] }] : [],
    ),
    ...Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
      inContent(`${method} ${path} ${status}`, content),
    ),
  ]);
}

function inContent(where: string, content: Content): readonly Example[] {
  return Object.entries(content).flatMap(([type, { schema = {}, example, examples = {} }]) => {
    const values = [
      ...(example === undefined ? [] : [example]),
      ...('example' in schema ? [schema['example']] : []),
      ...Object.values(examples).map(({ value }) => value),
    ];
    return values.map((value) => ({ where: `${where} ${type}`, schema, value }));
  });
}

/** What the platform documents about itself is well formed and complete; that it is true, every other journey shows. */
export function documentsItself(platform: () => Platform): void {
  describe('the OpenAPI document', () => {
    it('is valid OpenAPI 3', async () => {
      const api = await read(platform());
      const { valid, errors } = await new Validator().validate(structuredClone(api.document));
      expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    });

    it('shows of every route a request with its schema, an answer with schema and example, and errors', async () => {
      const { routes } = await read(platform());
      const missing = routes.flatMap(({ method, path, operation: { summary, requestBody, responses } }) => {
        const bodies = Object.values(requestBody?.content ?? {});
        const answers = Object.entries(responses)
          .filter(([status]) => Number(status) < 300)
          .flatMap(([, { content = {} }]) => Object.values(content));
        const isShown = ({ schema, example }: Content[string]): boolean =>
          (example ?? schema?.['example']) !== undefined && Object.keys(schema ?? {}).length > 0;
        const complete = summary !== undefined && answers.length > 0 && answers.every(isShown) && bodies.every(isShown);
        return complete ? [] : [`${method} ${path}`];
      });
      expect(missing).toEqual([]);
    });

    it('names the content type of every format that a route can be asked for', async () => {
      const { routes } = await read(platform());
      const types: Readonly<Record<string, string>> = {
        json: 'application/json',
        csv: 'text/csv',
        jsonl: 'application/x-ndjson',
        html: 'text/html',
      };
      const asked = routes.flatMap(({ method, path, operation: { parameters = [], responses } }) =>
        parameters
          .filter(({ name }) => name === 'format')
          .map(({ schema }) => ({
            route: `${method} ${path}`,
            formats: schema['enum'] as string[],
            named: Object.keys(responses['200']?.content ?? {}),
          })),
      );
      expect(asked.length).toBeGreaterThanOrEqual(3);
      for (const { route, formats, named } of asked)
        expect([route, named]).toEqual([
          route,
          expect.arrayContaining(formats.map((format) => types[format] ?? format)),
        ]);
    });

    it('has no example that its own schema would refuse', async () => {
      const api = await read(platform());
      const examples = examplesOf(api);
      expect(examples.length).toBeGreaterThan(400);
      const wrong = examples.flatMap(({ where, schema, value }) => {
        const fault = api.faultOf(schema, value, { closed: !where.includes('request') });
        return fault === null ? [] : [`${where}: ${fault}`];
      });
      expect(wrong).toEqual([]);
    });

    it('words every error in the envelope of its surface', async () => {
      const { routes } = await read(platform());
      const wrong = routes.flatMap(({ method, path, operation }) =>
        Object.entries(operation.responses).flatMap(([status, { content = {} }]) => {
          const refs = Object.values(content).map(({ schema }) => schema?.['$ref']);
          const isError = Number(status) >= 400 && path !== '/health/ready';
          return isError && refs.some((ref) => ref !== `#/components/schemas/${envelopeOf(path)}`)
            ? [`${method} ${path} ${status}: ${refs.join()}`]
            : [];
        }),
      );
      expect(wrong).toEqual([]);
    });

    // Guarantee: what the client library says of requests and answers is what the platform takes and gives.
    it('agrees with the types of the client library', async () => {
      const { document } = await read(platform());
      const types = astToString(
        await openapiTS(structuredClone(document) as unknown as Parameters<typeof openapiTS>[0], {
          defaultNonNullable: false,
          silent: true,
        }),
      );
      expect(types).toContain('export interface paths');
      expect(
        compileErrors('libs/system-tests/type-checks/client.ts', { 'libs/system-tests/type-checks/api.ts': types }),
      ).toEqual([]);
    });
  });
}
