import 'reflect-metadata';

import { type DynamicModule, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Optimizer } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { createPool, guardQueries } from '@tollgate/persistence';
import { type HealthReport, type Logger, partOf } from '@tollgate/service-kit';
import type { Pool } from 'pg';

import { imageFolder } from './adapters/files/image-folder.ts';
import { taskStore } from './adapters/postgres/task-store.ts';
import { imageWorkers } from './adapters/sharp/image-workers.ts';
import { ImageTasks } from './app/image-tasks.ts';
import type { ImageFiles, Images } from './app/ports.ts';
import { startTaskRunner, type TaskRunner } from './app/task-runner.ts';

export type OptimizerOptions = {
  /** Of the role `tollgate_optimizer`, on a migrated database. */
  readonly databaseUrl: string;
  /** The folder of files, created if missing. Only this service writes to it. */
  readonly folder: string;
  /** The platform's time: files expire by it. */
  readonly clock: Clock;
  /** Images that are worked on concurrently, each in its own process. Default: 1. */
  readonly workers?: number;
  /** Maximum memory for the pixels of one image. */
  readonly memoryMb?: number;
  readonly logger: Logger;
};

const optionsToken = Symbol('OptimizerOptions');
const filesToken = Symbol('ImageFiles');
const queryTimeoutMs = 5_000;

/** Lives as long as the service. */
@Injectable()
export class OptimizerService implements OnApplicationShutdown {
  readonly optimizer: Optimizer;
  readonly #pool: Pool;
  readonly #images: Images;
  readonly #started: Promise<TaskRunner>;
  #runner: TaskRunner | null = null;

  constructor(@Inject(optionsToken) options: OptimizerOptions, @Inject(filesToken) files: ImageFiles) {
    const { databaseUrl, clock, logger, workers = 1, memoryMb } = options;
    this.#pool = createPool({
      url: databaseUrl,
      max: 4,
      applicationName: 'tollgate-optimizer',
      queryTimeoutMs,
      onLostConnection: (error) => logger.warn({ reason: error.message }, 'a database connection was lost'),
    });
    const store = taskStore(this.#pool);
    this.#images = imageWorkers(workers, memoryMb);
    this.optimizer = guardQueries(
      'OPTIMIZER_UNAVAILABLE',
      new ImageTasks({ store, files, images: this.#images, clock, wake: () => this.#runner?.wake() }),
    );
    this.#started = startTaskRunner({
      store,
      files,
      images: this.#images,
      clock,
      atOnce: workers,
      onFailure: (error) => logger.warn({ err: error }, 'an image could not be worked on'),
    });
  }

  /** Resolves when the runner has started. */
  async start(): Promise<void> {
    this.#runner = await this.#started;
  }

  async health(): Promise<HealthReport> {
    const database = await partOf('database', () => this.#pool.query('select from optimizer.tasks limit 0'));
    return { ready: database.up, parts: [database] };
  }

  /** Work in progress is abandoned. Its tasks stay pending and are done after the next start. */
  async onApplicationShutdown(): Promise<void> {
    await this.#images.close();
    await this.#runner?.stop();
    await this.#pool.end();
  }
}

@Module({})
export class OptimizerModule {
  static async with(options: OptimizerOptions): Promise<DynamicModule> {
    const files = await imageFolder(options.folder);
    return {
      module: OptimizerModule,
      providers: [
        { provide: optionsToken, useValue: options },
        { provide: filesToken, useValue: files },
        OptimizerService,
      ],
    };
  }
}
