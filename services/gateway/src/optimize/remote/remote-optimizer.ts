import { Readable } from 'node:stream';

import type { FailedTask, ImageFile, Optimizer, OptimizeTaskView, SpooledFile, StagedImage } from '@tollgate/contracts';
import type { ErrorCode, ErrorKind } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { Address } from '@tollgate/service-kit';
import { signatureHeader, signRequest } from '@tollgate/service-kit';

const queryMs = 10_000;
/** As long as a client may take to send its upload. */
const streamMs = 180_000;
/** Time limit of an inspection, including the wait for those before it. */
const stageMs = 120_000;

type Sent = {
  readonly method: string;
  readonly path: string;
  readonly body?: RequestInit['body'];
  readonly type?: string;
  readonly timeoutMs?: number;
};

type Remote = { readonly address: Address; readonly secret: string };

/** Signed requests to the optimizer; `sendOrNull`: the JSON of the answer, null for 404. */
function requestsTo({ address: { host, port }, secret }: Remote) {
  const base = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const send = async ({ method, path, body, type, timeoutMs = queryMs }: Sent): Promise<Response> => {
    const headers = {
      [signatureHeader]: signRequest(secret, { method, path }),
      ...(type === undefined ? {} : { 'content-type': type }),
    };
    const upload = body === undefined ? {} : { body, duplex: 'half' as const };
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(`${base}${path}`, { method, headers, signal, ...upload }).catch((error: unknown) => {
      throw unavailable('does not answer', error);
    });
    if (response.ok || response.status === 404) return response;
    throw await faultOf(response);
  };
  const sendOrNull = async <T>(sent: Sent): Promise<T | null> => {
    const response = await send(sent);
    if (response.status !== 404) return (await response.json()) as T;
    await response.body?.cancel();
    return null;
  };
  return { send, sendOrNull };
}

/** The optimizer in another process. @throws AppError('unavailable', OPTIMIZER_UNAVAILABLE) when it does not answer. */
export function remoteOptimizer(remote: Remote): Optimizer {
  const { send, sendOrNull } = requestsTo(remote);
  return {
    spool: async (id, bytes) => {
      // The fault of the file is more useful than the broken request that it caused.
      const fault: { error?: unknown } = {};
      const body = Readable.from(watched(bytes, fault), { objectMode: false }) as unknown as ReadableStream;
      const sent = {
        method: 'PUT',
        path: `/images/${id}`,
        type: 'application/octet-stream',
        body,
        timeoutMs: streamMs,
      };
      const spooled = await sendOrNull<SpooledFile>(sent).catch((error: unknown) => {
        throw fault.error ?? error;
      });
      if (spooled === null) throw unavailable('does not know how to take an image');
      return spooled;
    },
    stage: async (id) => {
      const staged = await sendOrNull<StagedImage>({ method: 'POST', path: `/images/${id}/stage`, timeoutMs: stageMs });
      if (staged === null) throw unavailable('does not know how to look at an image');
      return staged;
    },
    start: ({ id, ...task }) =>
      sendOrNull<OptimizeTaskView>({
        method: 'POST',
        path: `/images/${id}/task`,
        type: 'application/json',
        body: JSON.stringify(task),
      }),
    discard: async (id) => {
      const response = await send({ method: 'DELETE', path: `/images/${id}` });
      await response.body?.cancel();
    },
    task: (id) => sendOrNull<OptimizeTaskView>({ method: 'GET', path: `/images/${id}/task` }),
    file: async (id, which): Promise<ImageFile | null> => {
      const response = await send({ method: 'GET', path: `/images/${id}/files/${which}`, timeoutMs: streamMs });
      if (response.status === 404 || response.body === null) {
        await response.body?.cancel();
        return null;
      }
      const { headers, body } = response;
      return {
        size: Number(headers.get('content-length')),
        type: headers.get('content-type') ?? 'application/octet-stream',
        bytes: body,
      };
    },
    failed: async () => (await sendOrNull<readonly FailedTask[]>({ method: 'GET', path: '/failed' })) ?? [],
    chargeReturned: async (id) => {
      const response = await send({ method: 'PUT', path: `/images/${id}/charge-returned` });
      await response.body?.cancel();
    },
  };
}

async function* watched(bytes: AsyncIterable<Uint8Array>, fault: { error?: unknown }): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    fault.error = error;
    throw error;
  }
}

type Fault = { readonly kind?: ErrorKind; readonly code?: ErrorCode; readonly message?: string };

async function faultOf(response: Response): Promise<AppError> {
  const { kind, code, message } = (await response.json().catch(() => ({}))) as Fault;
  if (kind !== 'invalid' || code === undefined || code === 'CREDENTIALS_INVALID')
    return unavailable(`answered ${response.status}: ${message ?? 'no reason'}`);
  return new AppError(kind, code, message ?? 'the image is refused');
}

const unavailable = (what: string, cause?: unknown): AppError =>
  new AppError('unavailable', 'OPTIMIZER_UNAVAILABLE', `the optimizer ${what}`, {}, cause);
