import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import { startPeriodic } from '@tollgate/service-kit';

import type { ImageFiles, ImageJob, Images, TaskStore } from './ports.ts';

export type TaskRunner = { wake(): void; stop(): Promise<void> };
export type TaskRunnerOptions = {
  readonly store: TaskStore;
  readonly files: ImageFiles;
  readonly images: Images;
  readonly clock: Clock;
  /** Tasks worked on at once. */
  readonly atOnce: number;
  readonly onFailure: (error: unknown) => void;
};

/** Interval at which tasks of other processes, or with a lost wake-up, are picked up. */
const pollMs = 5_000;
/** Interval of the removal of expired files, by the platform's clock. */
const sweepMs = 2_000;
/** A file that crashed its process this many times is given up. */
const attemptsMax = 5;

/**
 * Works on pending tasks, oldest first, and removes expired ones. A task that was interrupted stays pending: after a
 * restart it is claimed again and its files are written anew.
 */
export async function startTaskRunner(options: TaskRunnerOptions): Promise<TaskRunner> {
  const { store, atOnce, onFailure } = options;
  const working = new Set<Promise<void>>();
  let stopped = false;
  await store.unclaim();

  const workOff = async (): Promise<void> => {
    for (let job = await store.claim(); job !== null && !stopped; job = await store.claim()) await work(options, job);
  };
  const wake = (): void => {
    if (stopped || working.size >= atOnce) return;
    const line = workOff()
      .catch(onFailure)
      .finally(() => working.delete(line));
    working.add(line);
  };
  const loops = [
    startPeriodic({ everyMs: pollMs, work: wake, onFailure }),
    startPeriodic({ everyMs: sweepMs, work: () => sweep(options), onFailure }),
  ];
  wake();

  return {
    wake,
    stop: async () => {
      stopped = true;
      await Promise.all([...working, ...loops.map((loop) => loop.stop())]);
    },
  };
}

/** The job becomes visible in its last step: the row is completed after the files are in place. */
async function work({ store, files, images, clock, onFailure }: TaskRunnerOptions, job: ImageJob): Promise<void> {
  const { id } = job;
  if (job.attempts > attemptsMax)
    return store.fail(id, { error: 'the image cannot be optimised', completedMs: clock.nowMs() });
  try {
    const originalSize = await files.size(id, 'original');
    // The process may have been killed after the original had taken the place of a result.
    const from = files.path(id, originalSize === null ? 'optimized' : 'original');
    const { size, webpSize } = await images.optimize({
      ...job,
      from,
      to: files.draft(id, 'optimized'),
      toWebp: files.draft(id, 'webp'),
    });
    if (webpSize !== null) await files.keep(id, 'webp');
    const optimizedSize =
      originalSize !== null && size < originalSize ? await files.keep(id, 'optimized') : await files.keepOriginal(id);
    await store.complete(id, { optimizedSize, webpSize, completedMs: clock.nowMs() });
    await files.remove(id, ['original']);
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== 'invalid') throw error;
    onFailure(error);
    await store.fail(id, { error: error.message, completedMs: clock.nowMs() });
  }
}

async function sweep({ store, files, clock }: TaskRunnerOptions): Promise<void> {
  for (const id of await store.expired(clock.nowMs())) {
    await files.remove(id);
    await store.expire(id, clock.nowMs());
  }
  for (const id of await store.abandoned(clock.nowMs())) {
    await store.remove(id);
    await files.remove(id);
  }
  const old = await files.old();
  if (old.length === 0) return;
  const known = await store.known(old);
  for (const id of old) if (!known.has(id)) await files.remove(id);
}
