export { gatewaySchema, publicViews } from './adapters/postgres/schema.ts';
export type { TestClock } from './app/test-clock.ts';
export type { GatewayConfig, GatewaySecrets } from './config.ts';
export { gatewayConfig, gatewaySecretSettings, gatewaySettings, outsideFault } from './config.ts';
export type { GatewayOptions, RunningGateway } from './start.ts';
export { startGateway } from './start.ts';
