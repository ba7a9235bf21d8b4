import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { Accounts, toAmount } from './accounts.ts';
import {
  AllowanceExhaustedError,
  AuthenticationError,
  ConflictError,
  InvalidRequestError,
  isTollgateError,
  NotFoundError,
  PermissionError,
  RateLimitedError,
  retryAfterOf,
  UnavailableError,
} from './errors.ts';
import { Http } from './http.ts';
import { AnsweringServer } from './testing/answering-server.ts';

let server: AnsweringServer;
beforeEach(async () => void (server = await AnsweringServer.start()));
afterEach(() => server.down());

const httpOf = (options: ConstructorParameters<typeof Http>[0] = {}): Http =>
  new Http({ baseUrl: server.url, apiKey: 'key', retryFirstMs: 5, ...options });
const post = (http: Http, options = {}) => http.send({ method: 'POST', path: '/v1/x', body: { a: 1 }, ...options });
const keysAsked = () => server.asked.map(({ headers }) => headers['idempotency-key']);

describe('A request', () => {
  // Guarantee: whatever is repeated is the same request for the platform, which books it once.
  it('is repeated under one key until the platform answers', async () => {
    server.answer = (_, turn) =>
      turn === 1
        ? 'reset'
        : turn === 2
          ? { status: 503, body: { code: 'LEDGER_UNAVAILABLE' } }
          : { status: 200, body: { ok: true } };

    expect(await post(httpOf())).toEqual({ status: 200, body: { ok: true }, replayed: false });

    expect(keysAsked()).toHaveLength(3);
    expect(new Set(keysAsked())).toEqual(new Set([expect.stringMatching(/^[0-9a-f-]{36}$/)]));
    expect(server.asked.map(({ body }) => body)).toEqual([{ a: 1 }, { a: 1 }, { a: 1 }]);
  });

  it('has a key of its own each time, or the one it is given', async () => {
    const http = httpOf();
    await post(http);
    await post(http);
    await post(http, { idempotencyKey: 'mine' });

    expect(new Set(keysAsked()).size).toBe(3);
    expect(keysAsked()[2]).toBe('mine');
  });

  it('is given up after so many tries, with the last error', async () => {
    server.answer = () => ({
      status: 503,
      body: { code: 'LOG_UNAVAILABLE', detail: 'the log is down', correlation_id: 'c-1' },
    });

    await expect(post(httpOf({ retriesMax: 2 }))).rejects.toMatchObject({
      name: 'UnavailableError',
      status: 503,
      code: 'LOG_UNAVAILABLE',
      message: 'the log is down',
      correlationId: 'c-1',
      temporary: true,
    });
    expect(server.asked).toHaveLength(3);
  });

  // Guarantee: a restart of the platform is no error of anybody who uses it.
  it('is repeated as long as its deadline allows, and not begun again after it', async () => {
    server.answer = (_, turn) => (turn <= 8 ? 'reset' : { status: 200, body: { ok: true } });
    expect((await post(httpOf(), { deadlineMs: 60_000 })).body).toEqual({ ok: true });
    expect(server.asked).toHaveLength(9);

    server.answer = () => 'reset';
    server.asked.length = 0;
    await expect(post(httpOf(), { deadlineMs: 300 })).rejects.toMatchObject({ code: 'NETWORK' });
    expect(server.asked.length).toBeGreaterThanOrEqual(2);
  });

  it('that hangs ends with its deadline, whatever one try may take', async () => {
    server.answer = () => 'hang';
    await expect(post(httpOf(), { deadlineMs: 200, timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(server.asked).toHaveLength(1);
  });

  it('that fails tells the key under which it can be sent again', async () => {
    server.answer = () => ({ status: 503, body: {} });
    const error: unknown = await post(httpOf({ retriesMax: 1 })).catch((failure: unknown) => failure);
    expect(isTollgateError(error) && error.idempotencyKey).toBe(keysAsked()[0]);
    const given: unknown = await post(httpOf({ retriesMax: 0 }), { idempotencyKey: 'mine' }).catch((e: unknown) => e);
    expect(isTollgateError(given) && given.idempotencyKey).toBe('mine');
  });

  it('shows whether the platform answers', async () => {
    const http = httpOf({ retriesMax: 0 });
    expect(http.health).toEqual({ state: 'unknown' });
    await post(http);
    expect(http.health).toEqual({ state: 'up', since: expect.any(String) });
    server.answer = () => 'reset';
    await post(http).catch(() => undefined);
    expect(http.health).toMatchObject({ state: 'away', lastError: expect.stringContaining('cannot be reached') });
    // A refusal is an answer.
    server.answer = () => ({ status: 402, body: { code: 'ALLOWANCE_EXHAUSTED' } });
    await post(http).catch(() => undefined);
    expect(http.health.state).toBe('up');
  });

  it('waits as long as Retry-After asks, and no longer than it may', async () => {
    server.answer = (_, turn) =>
      turn === 1 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200, body: {} };
    const startedAt = performance.now();
    await post(httpOf());
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(995);

    server.answer = () => ({ status: 429, headers: { 'retry-after': '600' }, body: { code: 'RATE_LIMITED' } });
    server.asked.length = 0;
    await expect(post(httpOf())).rejects.toMatchObject({ name: 'RateLimitedError', retryAfterMs: 600_000 });
    expect(server.asked).toHaveLength(1);
  });

  it('is not repeated when repeating cannot help', async () => {
    for (const status of [400, 401, 402, 403, 404, 409, 500]) {
      server.asked.length = 0;
      server.answer = () => ({ status, body: {} });
      await expect(post(httpOf())).rejects.toMatchObject({ status });
      expect(server.asked).toHaveLength(1);
    }
  });

  it('ends at its time-out, and at once when it is aborted', async () => {
    server.answer = () => 'hang';
    await expect(post(httpOf({ timeoutMs: 50, retriesMax: 0 }))).rejects.toMatchObject({
      name: 'UnavailableError',
      code: 'TIMEOUT',
    });

    const aborting = new AbortController();
    const asked = post(httpOf({ timeoutMs: 60_000 }), { signal: aborting.signal });
    setTimeout(() => aborting.abort(new Error('the user left')), 20);
    await expect(asked).rejects.toThrow('the user left');
  });

  it('stops waiting between tries when it is aborted', async () => {
    server.answer = () => ({ status: 503, headers: { 'retry-after': '9' } });
    const aborting = new AbortController();
    setTimeout(() => aborting.abort(), 50);
    const startedAt = performance.now();
    await expect(post(httpOf(), { signal: aborting.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('says so when the address is not the platform', async () => {
    await server.down();
    await expect(post(httpOf({ retriesMax: 0 }))).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await server.up();
  });

  it('needs to know where and who', () => {
    const { TOKEN_SERVER_URL: url, SERVER_API_KEY: key } = process.env;
    delete process.env['TOKEN_SERVER_URL'];
    delete process.env['SERVER_API_KEY'];
    try {
      expect(() => new Http({ apiKey: 'k' })).toThrow('TOKEN_SERVER_URL');
      expect(() => new Http({ baseUrl: 'localhost:3000', apiKey: 'k' })).toThrow('http://');
      expect(() => new Http({ baseUrl: 'http://localhost' })).toThrow('SERVER_API_KEY');
      expect(() => new Http({ baseUrl: 'http://localhost', userToken: 'jwt' })).not.toThrow();
    } finally {
      Object.assign(
        process.env,
        url === undefined ? {} : { TOKEN_SERVER_URL: url },
        key === undefined ? {} : { SERVER_API_KEY: key },
      );
    }
  });
});

describe('An error', () => {
  const errorFor = async (status: number, body: unknown) => {
    server.answer = () => ({ status, body });
    return post(httpOf({ retriesMax: 0 })).then(
      () => undefined,
      (error: unknown) => error,
    );
  };

  it('has the class of what to do about it, and the words of the surface', async () => {
    const cases = [
      [
        400,
        { success: false, status: 400, message: 'Validation Error', sources: [] },
        InvalidRequestError,
        'Validation Error',
      ],
      [
        401,
        { success: false, status: 401, message: 'Invalid server API key' },
        AuthenticationError,
        'Invalid server API key',
      ],
      [402, { code: 'ALLOWANCE_EXHAUSTED', detail: 'not enough' }, AllowanceExhaustedError, 'not enough'],
      [403, { success: false, error: 'no', code: 'QUOTA_UNAVAILABLE' }, PermissionError, 'no'],
      [404, { success: false, status: 404, message: 'User wallet not found' }, NotFoundError, 'User wallet not found'],
      [409, { code: 'IDEMPOTENCY_KEY_REUSED', detail: 'other content' }, ConflictError, 'other content'],
      [422, { error: 'not an image' }, InvalidRequestError, 'not an image'],
      [
        429,
        { error: 'Insufficient credits', detail: 'You have 0 credits', remainingCredits: 0 },
        AllowanceExhaustedError,
        'You have 0 credits',
      ],
      [
        429,
        { success: false, error: 'Quota exceeded', code: 'QUOTA_EXCEEDED' },
        AllowanceExhaustedError,
        'Quota exceeded',
      ],
      [429, { code: 'RATE_LIMITED', detail: 'slow down' }, RateLimitedError, 'slow down'],
      [502, 'a proxy', UnavailableError, 'the platform answered 502'],
    ] as const;
    for (const [status, body, kind, message] of cases) {
      const error = await errorFor(status, body);
      expect(error).toBeInstanceOf(kind);
      expect(error).toMatchObject({ status, message });
    }
  });

  it('tells when to come back, in seconds or as a date', () => {
    const now = Date.parse('2026-11-21T10:00:00Z');
    expect(retryAfterOf('2', now)).toBe(2_000);
    expect(retryAfterOf('Sat, 21 Nov 2026 10:00:05 GMT', now)).toBe(5_000);
    expect(retryAfterOf('soon', now)).toBeUndefined();
    expect(retryAfterOf(null, now)).toBeUndefined();
  });
});

describe('Accounts', () => {
  it('encode ids in paths, send whole numbers as decimal strings and refuse fractions', async () => {
    const accounts = new Accounts(httpOf());
    await accounts.spend('acme/team-a', { amount: 9_007_199_254_740_993n });
    expect(server.asked[0]).toMatchObject({
      url: '/v1/accounts/acme%2Fteam-a/spend',
      body: { amount: '9007199254740993' },
    });
    expect(() => toAmount(1.5)).toThrow(TypeError);
    expect(() => toAmount('1e3')).toThrow(TypeError);
    expect(() => toAmount(2 ** 60)).toThrow('2^53');
  });

  it('are read page by page to the end', async () => {
    server.answer = ({ url }) => ({
      status: 200,
      body: url.includes('after=2')
        ? { items: [{ id: 'c' }], next: null }
        : { items: [{ id: 'a' }, { id: 'b' }], next: '2' },
    });
    const ids = [];
    for await (const { id } of new Accounts(httpOf()).allEntries('w', { limit: 2 })) ids.push(id);
    expect(ids).toEqual(['a', 'b', 'c']);
  });
});
