import { setTimeout as delay } from 'node:timers/promises';

import { CommandFailed } from './output.ts';

/** The platform's HTTP interface, as the operator's commands use it: with the server key. */
export type Api = {
  /**
   * Sends a request and reads its JSON answer (undefined: 404). While the platform answers 503 or is unreachable the
   * same request is sent again, for a minute at most: everything we send can be repeated.
   * @throws CommandFailed with the problem's detail for any other refusal.
   */
  send<Answer>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, content?: Content): Promise<Answer | undefined>;
  /** The same for an answer that is text of another kind. */
  text(path: string): Promise<string | undefined>;
};
export type Content = { readonly type?: string; readonly body: unknown; readonly key?: string };

const retryForMs = 60_000;
const requestTimeoutMs = 120_000;

export function apiOf({ address, serverKey }: { readonly address: string; readonly serverKey: string }): Api {
  const ask = async (method: string, path: string, content?: Content): Promise<Response> => {
    const headers: Record<string, string> = { 'x-server-api-key': serverKey };
    if (content !== undefined) headers['content-type'] = content.type ?? 'application/json';
    if (content?.key !== undefined) headers['idempotency-key'] = content.key;
    const body = content === undefined ? null : JSON.stringify(content.body);

    const deadline = performance.now() + retryForMs;
    for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
      const signal = AbortSignal.timeout(requestTimeoutMs);
      const response = await fetch(new URL(path, address), { method, headers, body, signal }).catch((error: unknown) =>
        failureOf(error),
      );
      if (!(response instanceof Error) && response.status !== 503) return response;
      if (performance.now() > deadline) {
        const why = response instanceof Error ? response.message : await detailOf(response);
        throw new CommandFailed(`the platform at ${address} does not answer: ${why}`);
      }
      await delay(pauseMs);
    }
  };
  return {
    send: async <Answer>(method: string, path: string, content?: Content): Promise<Answer | undefined> => {
      const text = await textOf(await ask(method, path, content));
      return text === undefined ? undefined : ((text === '' ? {} : JSON.parse(text)) as Answer);
    },
    text: async (path) => textOf(await ask('GET', path)),
  };
}

const failureOf = (error: unknown): Error => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause : new Error(String(cause));
};

async function textOf(response: Response): Promise<string | undefined> {
  if (response.status === 404) return undefined;
  if (!response.ok)
    throw new CommandFailed(`refused (${response.status}): ${await detailOf(response)}`, response.status);
  return response.text();
}

async function detailOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as { readonly code?: string; readonly detail?: string; readonly title?: string };
    return [problem.code, problem.detail ?? problem.title].filter(Boolean).join(': ') || text.slice(0, 300);
  } catch {
    return text.slice(0, 300);
  }
}
