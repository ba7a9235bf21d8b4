export type { GatewayConfig, GatewaySecrets } from './config.ts';
export { gatewayConfig, gatewaySecretSettings, gatewaySettings, outsideFault } from './config.ts';
export type { TestClock } from './native/app/test-clock.ts';
export type { GatewayOptions } from './options.ts';
export { gatewaySchema, publicViews } from './postgres/schema.ts';
export type { RunningGateway } from './start.ts';
export { startGateway } from './start.ts';
