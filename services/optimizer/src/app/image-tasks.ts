import type { FailedTask, ImageFile, Optimizer, OptimizeTask, OptimizeTaskView, StagedImage } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { Clock } from '@tollgate/kernel';
import { contentTypeOf, isTaskId } from '../domain/image.ts';
import type { ImageFiles, Images, TaskRow, TaskStore } from './ports.ts';

/** How long results can be fetched (surfaces §3). */
export const keptMs = 24 * 3_600_000;

export type ImageTasksOptions = {
  readonly store: TaskStore;
  readonly files: ImageFiles;
  readonly images: Images;
  readonly clock: Clock;
  /** Something may be ready to be worked on. */
  readonly wake: () => void;
};

/** Uploads and tasks: everything is durable when its promise resolves, and every call may be repeated. */
export class ImageTasks implements Optimizer {
  readonly #options: ImageTasksOptions;

  constructor(options: ImageTasksOptions) {
    this.#options = options;
  }

  async stage(id: string, bytes: AsyncIterable<Uint8Array>): Promise<StagedImage> {
    refuseOthers(id);
    const { store, files, images } = this.#options;
    const received = await files.receive(id, bytes, (path, format) => images.inspect(path, format));
    try {
      await store.stage({ id, size: received.size, format: received.format });
    } catch (error) {
      await files.remove(id);
      throw error;
    }
    return received;
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

  /** Expired at its time, whether the sweep has been by or not. */
  #view(row: TaskRow & { readonly status: OptimizeTaskView['status'] }): OptimizeTaskView {
    const { id, owner, name, quality, webp, size, format, error, chargeReturned } = row;
    return {
      id, owner, name, quality, webp, size, format, error, charge_returned: chargeReturned,
      status: row.expiresMs <= this.#options.clock.nowMs() ? 'expired' : row.status,
      optimized_size: row.optimizedSize, webp_size: row.webpSize,
      created_at: new Date(row.createdMs).toISOString(),
      completed_at: row.completedMs === null ? null : new Date(row.completedMs).toISOString(),
      expires_at: new Date(row.expiresMs).toISOString(),
    };
  }
}

function refuseOthers(id: string): void {
  if (!isTaskId(id)) throw new AppError('invalid', 'REQUEST_INVALID', 'the id of an image is a UUID');
}
