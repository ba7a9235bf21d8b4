/** Formats the optimizer reads and writes, told by content, never by name. */
export const imageFormats = ['jpeg', 'png', 'webp', 'gif'] as const;
export type ImageFormat = (typeof imageFormats)[number];

/** Most bytes of one image (surfaces §3). */
export const imageBytesMax = 20_971_520;

/** A file that was uploaded. Nobody has looked at it yet. */
export type SpooledFile = {
  readonly size: number;
  /** SHA-256 of its bytes, 64 hex digits. */
  readonly sha256: string;
};
/** A file that was looked at and kept, and is not worked on yet. */
export type StagedImage = { readonly size: number; readonly format: ImageFormat };

export type OptimizeTask = {
  /** Of the staged file. */
  readonly id: string;
  /** Who may see it: 32 hex digits. */
  readonly owner: string;
  /** As the client named it; shown again, never used as a path. */
  readonly name: string;
  /** 1–100. */
  readonly quality: number;
  readonly webp: boolean;
};

export type OptimizeTaskView = OptimizeTask & {
  readonly status: 'pending' | 'completed' | 'failed' | 'expired';
  readonly size: number;
  readonly format: ImageFormat;
  readonly optimized_size: number | null;
  readonly webp_size: number | null;
  /** Why it failed, for the customer; also of a task that expired before it was worked on. */
  readonly error: string | null;
  /** The charge of a task that failed was given back. */
  readonly charge_returned: boolean;
  readonly created_at: string;
  readonly completed_at: string | null;
  /** From then on its files are gone. */
  readonly expires_at: string;
};

/** A task that failed and whose charge is still to be given back. */
export type FailedTask = Pick<OptimizeTaskView, 'id' | 'owner'>;

export type ImageFile = { readonly size: number; readonly type: string; readonly bytes: AsyncIterable<Uint8Array> };

/**
 * The product service that optimises images: called directly in one process, over HTTP between processes. Ids are
 * lower-case UUIDs, made by the caller; anything else is refused, so that no text of a client becomes part of a path.
 */
export interface Optimizer {
  /**
   * Keeps the bytes of an upload under `id`, unseen: who sends them may still be unknown. Whatever goes wrong, nothing
   * of it stays behind.
   * @throws AppError('invalid', FILE_TOO_LARGE) beyond `imageBytesMax`.
   * @throws AppError('unavailable', OPTIMIZER_UNAVAILABLE)
   */
  spool(id: string, bytes: AsyncIterable<Uint8Array>): Promise<SpooledFile>;
  /**
   * Looks at a spooled file: its header, then every pixel. What is refused is removed.
   * @throws AppError('invalid', FILE_INVALID) for no complete JPEG, PNG, WebP or GIF by content, and for one that is
   * too much work.
   * @throws AppError('unavailable', OPTIMIZER_UNAVAILABLE), also when there is no such file (any more).
   */
  stage(id: string): Promise<StagedImage>;
  /** Starts the work on a staged file; a repeat changes nothing. null: there is no such staged file (any more). */
  start(task: OptimizeTask): Promise<OptimizeTaskView | null>;
  /** Removes a file and its task, whatever state they are in. */
  discard(id: string): Promise<void>;
  /** null: there is no such task. */
  task(id: string): Promise<OptimizeTaskView | null>;
  /** A file of a completed task; null: there is none. */
  file(id: string, which: 'optimized' | 'webp'): Promise<ImageFile | null>;
  /** Failed tasks whose charge nobody has said to be given back, oldest first, at most 100. */
  failed(): Promise<readonly FailedTask[]>;
  /** The charge of a failed task is given back, durably; a repeat changes nothing. */
  chargeReturned(id: string): Promise<void>;
}
