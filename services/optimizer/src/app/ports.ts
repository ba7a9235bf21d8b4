import type { FailedTask, ImageFormat, OptimizeTask, SpooledFile } from '@tollgate/contracts';

/** A task. Sizes in bytes. */
export type ImageJob = {
  readonly id: string;
  readonly format: ImageFormat;
  readonly quality: number;
  readonly webp: boolean;
  readonly attempts: number;
};
export type Result = { readonly optimizedSize: number; readonly webpSize: number | null };

export type TaskRow = Omit<OptimizeTask, 'id'> & {
  readonly id: string;
  readonly status: 'staged' | 'pending' | 'completed' | 'failed' | 'expired';
  readonly size: number;
  readonly format: ImageFormat;
  readonly optimizedSize: number | null;
  readonly webpSize: number | null;
  readonly error: string | null;
  readonly chargeReturned: boolean;
  readonly createdMs: number;
  readonly completedMs: number | null;
  readonly expiresMs: number;
};

/** Port: tasks, durable. */
export interface TaskStore {
  stage(file: { readonly id: string; readonly size: number; readonly format: ImageFormat }): Promise<void>;
  find(id: string): Promise<TaskRow | null>;
  /** Makes a staged file a task. Without effect on anything else. */
  start(task: OptimizeTask & { readonly createdMs: number; readonly expiresMs: number }): Promise<void>;
  remove(id: string): Promise<void>;
  /** Claims the oldest unclaimed task for a while and counts the attempt. */
  claim(): Promise<ImageJob | null>;
  /** Frees the claims of a process that is gone. Work that is done twice gives the same files. */
  unclaim(): Promise<void>;
  complete(id: string, done: Result & { readonly completedMs: number }): Promise<void>;
  fail(id: string, failed: { readonly error: string; readonly completedMs: number }): Promise<void>;
  /** Tasks whose files are due for removal. */
  expired(nowMs: number): Promise<readonly string[]>;
  /** Marks a task as expired. A task that was not worked on by then has failed. */
  expire(id: string, nowMs: number): Promise<void>;
  /** The oldest failed tasks, also expired ones, whose charge was not given back. */
  failed(): Promise<readonly FailedTask[]>;
  chargeReturned(id: string): Promise<void>;
  /** Staged files that were not started within an hour, and expired tasks after 30 days. */
  abandoned(nowMs: number): Promise<readonly string[]>;
  /** Which of these ids have a row. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>;
}

export type FileKind = 'original' | 'optimized' | 'webp';

/** Port: files of tasks, by id and kind; durable when a promise resolves. */
export interface ImageFiles {
  /** Keeps an upload as the original. @throws AppError('invalid', FILE_TOO_LARGE) */
  receive(id: string, bytes: AsyncIterable<Uint8Array>): Promise<SpooledFile>;
  /** Bytes of the original from an offset; empty if there is no such file. */
  readAt(id: string, offset: number, length: number): Promise<Uint8Array>;
  path(id: string, kind: FileKind): string;
  /** Path of a result before `keep` puts it in place. */
  draft(id: string, kind: FileKind): string;
  /** Puts a draft in place; answers its size. */
  keep(id: string, kind: FileKind): Promise<number>;
  /** The original takes the place of a result that is no smaller. */
  keepOriginal(id: string): Promise<number>;
  /** null: there is no such file. */
  size(id: string, kind: FileKind): Promise<number | null>;
  open(
    id: string,
    kind: FileKind,
  ): Promise<{ readonly size: number; readonly bytes: AsyncIterable<Uint8Array> } | null>;
  remove(id: string, kinds?: readonly FileKind[]): Promise<void>;
  /** Ids of files that are older than an hour. */
  old(): Promise<readonly string[]>;
}

/** Port: image processing outside this process. */
export interface Images {
  /**
   * Decodes the whole file. @throws AppError('invalid', FILE_INVALID) for what is no complete image of that format, or
   * too large.
   */
  inspect(path: string, format: ImageFormat): Promise<void>;
  /**
   * Writes the drafts. `webpSize` is null if no WebP was requested or the image cannot become one.
   * @throws what makes the job fail.
   */
  optimize(
    job: ImageJob & { readonly from: string; readonly to: string; readonly toWebp: string },
  ): Promise<{ readonly size: number; readonly webpSize: number | null }>;
  close(): Promise<void>;
}
