import { isStorableJson } from '@tollgate/kernel';

import type { Upstream, UpstreamFault } from '../app/credit-work.ts';

/** Upper bound of an answer, because it is stored in a row. */
const answerMax = 4 * 1_048_576;

/**
 * A product service over HTTP: `POST url` with the request as JSON and the hold's id as `Idempotency-Key`; any 2xx with
 * JSON is a delivery. Redirects are not followed.
 */
export function httpUpstream(options: {
  readonly url: string;
  readonly timeoutMs: number;
  readonly stopping: AbortSignal;
}): Upstream {
  const { url, timeoutMs, stopping } = options;
  return async ({ key, request }) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.any([timeout, stopping]),
        headers: { 'content-type': 'application/json', accept: 'application/json', 'idempotency-key': key },
        body: JSON.stringify(request),
      });
      if (!response.ok) {
        await response.body?.cancel();
        return failed(`the service answered ${response.status}`);
      }
      return await read(response);
    } catch (error) {
      if (stopping.aborted) throw error;
      if (timeout.aborted) return { fault: 'timeout', detail: `the service did not answer within ${timeoutMs} ms` };
      return failed('the service cannot be reached');
    }
  };
}

const failed = (detail: string): UpstreamFault => ({ fault: 'failed', detail });

async function read(response: Response): Promise<Awaited<ReturnType<Upstream>>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > answerMax) return failed('the answer of the service is larger than 4 MiB');
    chunks.push(chunk);
  }
  try {
    const content: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (isStorableJson(content)) return { content, standIn: false };
  } catch {
    // Said below.
  }
  return failed('the answer of the service is not JSON');
}
