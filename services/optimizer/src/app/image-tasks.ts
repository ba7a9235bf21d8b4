import type {
  FailedTask,
  ImageFile,
  Optimizer,
  OptimizeTask,
  OptimizeTaskView,
  SpooledFile,
  StagedImage,
} from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';

import { readHeader } from '../domain/header.ts';
import { contentTypeOf, decodeFault, isTaskId } from '../domain/image.ts';
import type { ImageFiles, Images, TaskRow, TaskStore } from './ports.ts';

/** How long results can be fetched (surfaces §3). */
export const keptMs = 24 * 3_600_000;

export type ImageTasksOptions = {
  readonly store: TaskStore;
  readonly files: ImageFiles;
  readonly images: Images;
  readonly clock: Clock;
  /** Called when a task may be ready to be worked on. */
  readonly wake: () => void;
};

/** Uploads and tasks. Everything is durable when its promise resolves, and every call may be repeated. */
export class ImageTasks implements Optimizer {
  readonly #options: ImageTasksOptions;

  constructor(options: ImageTasksOptions) {
    this.#options = options;
  }

  spool(id: string, bytes: AsyncIterable<Uint8Array>): Promise<SpooledFile> {
    refuseOthers(id);
    return this.#options.files.receive(id, bytes);
  }

  async stage(id: string): Promise<StagedImage> {
    refuseOthers(id);
    const { store, files, images } = this.#options;
    const size = await files.size(id, 'original');
    if (size === null) throw new AppError('unavailable', 'OPTIMIZER_UNAVAILABLE', 'the upload was lost; send it again');
    try {
      const header = await readHeader((offset, length) => files.readAt(id, offset, length));
      if (header === null)
        throw new AppError('invalid', 'FILE_INVALID', 'The file is not a JPEG, PNG, WebP or GIF image');
      const fault = decodeFault(header);
      if (fault !== null) throw new AppError('invalid', 'FILE_INVALID', fault);
      await images.inspect(files.path(id, 'original'), header.format);
      await store.stage({ id, size, format: header.format });
      return { size, format: header.format };
    } catch (error) {
      await files.remove(id);
      throw error;
    }
  }

  async start(task: OptimizeTask): Promise<OptimizeTaskView | null> {
    refuseOthers(task.id);
    const { store, clock, wake } = this.#options;
    const createdMs = clock.nowMs();
    await store.start({ ...task, createdMs, expiresMs: createdMs + keptMs });
    wake();
    return this.task(task.id);
  }

  async discard(id: string): Promise<void> {
    refuseOthers(id);
    await this.#options.store.remove(id);
    await this.#options.files.remove(id);
  }

  async task(id: string): Promise<OptimizeTaskView | null> {
    if (!isTaskId(id)) return null;
    const row = await this.#options.store.find(id);
    return row === null || row.status === 'staged' ? null : this.#view({ ...row, status: row.status });
  }

  async file(id: string, which: 'optimized' | 'webp'): Promise<ImageFile | null> {
    const task = await this.task(id);
    if (task?.status !== 'completed' || (which === 'webp' && task.webp_size === null)) return null;
    const file = await this.#options.files.open(id, which);
    return file && { ...file, type: contentTypeOf(which === 'webp' ? 'webp' : task.format) };
  }

  failed(): Promise<readonly FailedTask[]> {
    return this.#options.store.failed();
  }

  async chargeReturned(id: string): Promise<void> {
    refuseOthers(id);
    await this.#options.store.chargeReturned(id);
  }

  /** A task is expired at its time, even before the sweep. */
  #view(row: TaskRow & { readonly status: OptimizeTaskView['status'] }): OptimizeTaskView {
    const { id, owner, name, quality, webp, size, format, error, chargeReturned } = row;
    return {
      id,
      owner,
      name,
      quality,
      webp,
      size,
      format,
      error,
      charge_returned: chargeReturned,
      status: row.expiresMs <= this.#options.clock.nowMs() ? 'expired' : row.status,
      optimized_size: row.optimizedSize,
      webp_size: row.webpSize,
      created_at: new Date(row.createdMs).toISOString(),
      completed_at: row.completedMs === null ? null : new Date(row.completedMs).toISOString(),
      expires_at: new Date(row.expiresMs).toISOString(),
    };
  }
}

function refuseOthers(id: string): void {
  if (!isTaskId(id)) throw new AppError('invalid', 'REQUEST_INVALID', 'the id of an image is a UUID');
}
