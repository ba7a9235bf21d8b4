import { createHash } from 'node:crypto';

import { waitFor } from '@tollgate/testing';

import type { Client, Reply } from './client.ts';
import { png } from './images.ts';
import type { Platform } from './platform.ts';
import type { QuotaProvider } from './quota-provider.ts';

/** An optimize surface under test, and what its operator sees of the files. */
export type OptimizeSubject = {
  readonly platform: Platform;
  readonly provider: QuotaProvider;
  files(): Promise<readonly string[]>;
  /** SIGKILL of the process that works on images, and its start. */
  restartOptimizer(): Promise<void>;
};

type Task = {
  readonly task_id: string;
  readonly quota_info: Readonly<Record<string, unknown>>;
  readonly original_file: { readonly name: string; readonly size: number };
};

type Answer = Reply<{
  readonly success: boolean;
  readonly data: Task;
  readonly code?: string;
  readonly error?: string;
  readonly quota_info?: object;
  readonly message?: string;
}>;

type Send = {
  readonly file?: Buffer | undefined;
  readonly name?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
};

export const mebibyte = 1_048_576;

export const surface = '/api/optimize';

export const accountOf = (token: string): string =>
  `quota:${createHash('sha256').update(token).digest('hex').slice(0, 32)}`;

export async function submit(
  anybody: Client,
  token: string | null,
  { file = png(), name = 'image.png', fields = {}, headers = {} }: Send = {},
): Promise<Answer> {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.set(field, value);
  form.set('file', new Blob([new Uint8Array(file)], { type: 'image/png' }), name);
  const encoded = new Response(form);
  const contentType = encoded.headers.get('content-type') ?? '';
  const body = new Uint8Array(await encoded.arrayBuffer());
  return anybody.raw(`${surface}/submit`, body, {
    'content-type': contentType,
    ...(token === null ? {} : { 'x-token': token }),
    ...headers,
  });
}

export async function finished(client: Client, id: string): Promise<Readonly<Record<string, unknown>>> {
  return waitFor(
    `the task ${id}`,
    async () => {
      const { body } = await client.get<{ data: Record<string, unknown> }>(`${surface}/status/${id}`);
      return body.data['status'] === 'pending' ? undefined : body.data;
    },
    30_000,
  );
}

/** No file without a task, and nothing that was uploaded and not started. */
export async function nothingLeft({ platform, files }: OptimizeSubject): Promise<void> {
  await waitFor(
    'nothing to be left behind',
    async () => {
      const tasks = await platform.rows<{ id: string; status: string }>('select id, status from optimizer.tasks');
      const started = new Set(tasks.filter(({ status }) => status !== 'staged').map(({ id }) => id));
      const left = [
        ...tasks.filter(({ status }) => status === 'staged').map(({ id }) => id),
        ...(await files()).filter((name) => !started.has(name.split('.')[0] ?? '')),
      ];
      if (left.length > 0) throw new Error(left.join(', '));
      return true;
    },
    10_000,
  );
}
