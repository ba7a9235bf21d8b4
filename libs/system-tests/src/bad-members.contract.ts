import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Client, Observed, Reply } from './harness/client.ts';
import type { JsonSchema, Route } from './harness/open-api.ts';
import { ApiDocument } from './harness/open-api.ts';
import { adminOf } from './harness/people.ts';
import type { Platform } from './harness/platform.ts';

/**
 * What no member should be; each is sent for each member of each body, and must be refused where the document does not
 * allow it.
 */
const wrong: Readonly<Record<string, unknown>> = {
  null: null,
  true: true,
  'a number': 7,
  zero: 0,
  'a negative number': -1,
  'a fraction': 0.5,
  'beyond 2^53': 2 ** 60,
  '1e300': 1e300,
  'an empty text': '',
  'a text': 'no such thing',
  'a negative text': '-1',
  'a fraction as text': '1.5',
  'beyond 2^63 as text': '9223372036854775808',
  'a long text': 'x'.repeat(5_000),
  'an empty list': [],
  'a list': [1, 'a', null],
  'an empty object': {},
  'an object': { a: { b: 1 } },
};
/** Refused wherever they stand, because PostgreSQL takes neither (rule 13). */
const unstorable = { 'a NUL': 'a\u0000b', 'a lone surrogate': 'a\ud800b' };
// Two of the longest in one path still fit the head of a request, so that the route itself refuses them.
const badSegments = ['%00', 'a%00b', '%ED%A0%80', '%E0%A4%A', 'x'.repeat(7_000)];
const badQueries = ['-1', '0', '0.5', 'abc', '99999999999999999999', '%00', '%ED%A0%80', 'x'.repeat(600)];
const runs = 150;

type Case = { readonly route: Route; readonly what: string; readonly body: unknown };
const json = 'application/json';

/** Bodies that the platform reads as one JSON document; a batch of events and a form have specs of their own. */
const bodySchema = ({ operation, path }: Route): JsonSchema | undefined =>
  path === '/v1/events' ? undefined : operation.requestBody?.content[json]?.schema;
const exampleOf = (schema: JsonSchema): Readonly<Record<string, unknown>> =>
  (schema['example'] ?? {}) as Readonly<Record<string, unknown>>;
const membersOf = (schema: JsonSchema): readonly string[] => Object.keys((schema['properties'] ?? {}) as object);
/** A path whose parameters name nothing that exists. */
const pathOf = ({ path }: Route, value = 'nobody-there'): string => path.replace(/\{\w+\}/g, value);

/** All wrong members, missing ones and wrong bodies of every route. */
function casesOf(routes: readonly Route[]): readonly Case[] {
  return routes.flatMap((route) => {
    const schema = bodySchema(route);
    if (schema === undefined) return [];
    const example = exampleOf(schema);
    const bodies = Object.entries({ 'a text': 'body', 'a number': 1, 'a list': [], null: null }).map(
      ([what, body]) => ({ route, what: `${what} for the body`, body }),
    );
    const members = membersOf(schema).flatMap((name) => [
      {
        route,
        what: `no ${name}`,
        body: Object.fromEntries(Object.entries(example).filter(([other]) => other !== name)),
      },
      ...Object.entries({ ...wrong, ...unstorable }).map(([what, value]) => ({
        route,
        what: `${what} for ${name}`,
        body: { ...example, [name]: value },
      })),
    ]);
    return [...bodies, ...members];
  });
}

const hasUnstorable = (body: unknown): boolean =>
  typeof body === 'object' &&
  body !== null &&
  Object.values(body).some((value) => Object.values<unknown>(unstorable).includes(value));

/** Every member of every route, by the document itself: a route that is added is tried without a word here. */
export function refusesBadMembers(platform: () => Platform): void {
  describe('each member of each request', () => {
    let api: ApiDocument;
    let client: Client;
    beforeAll(async () => {
      api = await ApiDocument.read(platform().anybody);
      // With every credential, so that nothing but the input can be refused.
      const admin = await adminOf(platform());
      client = admin.with({ 'x-server-api-key': 'system-tests-server-key', 'x-token': platform().optimizeAdminToken });
    });

    const isForbidden = ({ route, body }: Case): boolean => {
      const schema = bodySchema(route);
      return (
        schema !== undefined &&
        (hasUnstorable(body) || api.faultOf(schema, body) !== null) &&
        !(body === null && route.operation.requestBody?.required === false)
      );
    };
    const send = ({ route: { method }, body }: Case, path: string): Promise<Reply> =>
      client.send(method, path, { 'content-type': json }, JSON.stringify(body));
    /** null when the answer is a 4xx in the envelope that the document names. */
    const faultOf = (method: string, url: string, { status, headers, body }: Reply): string | null => {
      const contentType = (headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
      if (status < 400 || status >= 500) return `answered ${status}: ${JSON.stringify(body).slice(0, 200)}`;
      return api.answerFault({ method, url, status, contentType, body } satisfies Observed);
    };
    const booked = async (): Promise<unknown> =>
      platform().rows(
        `select count(*) from ledger.entries e join ledger.names s on s.partition = e.partition and s.name = e.source
          where s.text not like 'timer:%'`,
      );

    it(
      "is refused in its surface's own words when it is missing, null, of another type, empty, huge, negative, " +
        'fractional or unstorable',
      async () => {
        const cases = casesOf(api.routes).filter(isForbidden);
        expect(cases.length).toBeGreaterThan(1_000);
        const before = await booked();

        const faults: string[] = [];
        for (const one of cases) {
          const path = pathOf(one.route);
          const fault = faultOf(one.route.method, path, await send(one, path));
          if (fault !== null) faults.push(`${one.route.method} ${one.route.path}, ${one.what}: ${fault}`);
        }

        expect(faults).toEqual([]);
        expect(await booked()).toEqual(before);
      },
    );

    it('of the path or the query is refused or not found, and never breaks anything', async () => {
      const faults: string[] = [];
      const get = async (method: string, path: string, expected: (status: number) => boolean): Promise<void> => {
        const { status } = await client.send(method, path, {});
        if (!expected(status)) faults.push(`${method} ${path.slice(0, 120)}: ${status}`);
      };
      for (const route of api.routes) {
        if (route.method === 'GET' && route.path.includes('{')) {
          for (const bad of badSegments)
            await get('GET', pathOf(route, bad), (status) => status >= 400 && status < 500);
        }
        for (const { name } of (route.operation.parameters ?? []).filter((parameter) => parameter.in === 'query')) {
          if (route.method !== 'GET') continue;
          for (const bad of badQueries) await get('GET', `${pathOf(route)}?${name}=${bad}`, (status) => status < 500);
        }
      }
      expect(faults).toEqual([]);
    });

    // Whatever JSON stands where: what the document forbids is refused, and whatever it is, nothing breaks.
    it('may be any JSON at all without breaking anything', async () => {
      const places = api.routes
        .filter((route) => bodySchema(route) !== undefined)
        .flatMap((route) => membersOf(bodySchema(route) ?? {}).map((name) => ({ route, name })));
      const before = await booked();
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...places),
          fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }),
          async ({ route, name }, value) => {
            const one = { route, what: name, body: { ...exampleOf(bodySchema(route) ?? {}), [name]: value } };
            if (!isForbidden(one)) return;
            const path = pathOf(route);
            expect(faultOf(route.method, path, await send(one, path))).toBeNull();
          },
        ),
        { numRuns: runs },
      );
      expect(await booked()).toEqual(before);
      expect((await platform().anybody.get('/health/ready')).status).toBe(200);
    });
  });
}
