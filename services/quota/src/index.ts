export { quotaSchema } from './adapters/postgres/migrations.ts';
export { providerSecrets, providerSettings } from './config.ts';
export type { QuotaOptions } from './quota.module.ts';
export type { RunningQuota } from './start.ts';
export { startQuota } from './start.ts';
