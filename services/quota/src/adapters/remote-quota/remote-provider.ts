import { AppError } from '@tollgate/kernel';
import { circuitBreaker, ConsecutiveBreaker, handleAll, isBrokenCircuitError } from 'cockatiel';

import type { Provider } from '../../app/ports.ts';
import type { ProviderAnswer } from '../../domain/provider-answer.ts';
import { defaultAnswer, readProviderAnswer } from '../../domain/provider-answer.ts';

export type ProviderSettings = { readonly url?: string | undefined; readonly key?: string | undefined };

/** Times of surfaces §3, by the real clock. */
const timeoutDefaultMs = 10_000;
const failuresInARow = 10;
const retryAfterMs = 5_000;
/** Maximum size of an answer. The provider's are a few hundred bytes. */
const answerBytesMax = 65_536;

/**
 * The provider over HTTP: `POST {url}/user-quota` with the key as bearer token. Without URL or key every token has the
 * default quota.
 */
export function remoteProvider({ url, key }: ProviderSettings, timeoutMs = timeoutDefaultMs): Provider {
  if (url === undefined || key === undefined) return { knowsTokens: false, ask: () => Promise.resolve(defaultAnswer) };
  const address = `${url.replace(/\/+$/, '')}/user-quota`;
  const breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(failuresInARow),
    halfOpenAfter: retryAfterMs,
  });
  const ask = (token: string): Promise<ProviderAnswer> => askOnce({ address, key, timeoutMs }, token);
  return {
    knowsTokens: true,
    ask: async (token, { always }) => {
      if (always) return ask(token);
      return breaker
        .execute(() => ask(token))
        .catch((error: unknown) => {
          throw isBrokenCircuitError(error) ? down('it failed too often; it is tried again every 5 s') : error;
        });
    },
  };
}

type Address = { readonly address: string; readonly key: string; readonly timeoutMs: number };

async function askOnce({ address, key, timeoutMs }: Address, token: string): Promise<ProviderAnswer> {
  let body: unknown;
  try {
    const response = await fetch(address, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      body: JSON.stringify({ token }),
      headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${key}` },
    });
    if (response.status >= 400 && response.status < 500) {
      await response.body?.cancel();
      return { valid: false };
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw down(`it answered ${response.status}`);
    }
    body = JSON.parse(await textOf(response));
  } catch (error) {
    throw error instanceof AppError
      ? error
      : down(error instanceof SyntaxError ? 'its answer is not JSON' : 'it does not answer', error);
  }
  const answer = readProviderAnswer(body);
  if (answer === null) throw down('its answer cannot be understood');
  return answer;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw down('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const down = (why: string, cause?: unknown): AppError =>
  new AppError('unavailable', 'QUOTA_SERVICE_UNAVAILABLE', `the quota provider cannot be asked: ${why}`, {}, cause);
