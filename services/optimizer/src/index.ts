export { optimizerSchema } from './adapters/postgres/migrations.ts';
export { optimizerSettings } from './config.ts';
export type { ImageServer } from './http/image-server.ts';
export { startImageServer } from './http/image-server.ts';
export type { OptimizerOptions } from './optimizer.module.ts';
export type { RunningOptimizer } from './start.ts';
export { startOptimizer } from './start.ts';
