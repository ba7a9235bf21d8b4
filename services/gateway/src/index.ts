export { startGateway } from './start.ts';
export type { GatewayOptions, RunningGateway } from './start.ts';
export { gatewayConfig, gatewaySecretSettings, gatewaySettings, outsideFault } from './config.ts';
export type { GatewayConfig, GatewaySecrets } from './config.ts';
export type { TestClock } from './app/test-clock.ts';
export { gatewaySchema, publicViews } from './adapters/postgres/schema.ts';
