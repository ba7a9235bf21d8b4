export type { Address } from './address.ts';
export { parseAddress, parseAddresses } from './address.ts';
export { BackgroundWork } from './background/background-work.ts';
export type { Loop } from './background/loop.ts';
export { startLoop, startPeriodic } from './background/loop.ts';
export { rest } from './background/rest.ts';
export { OnFirstUse, sharedWhileUnderWay } from './background/shared.ts';
export { within } from './background/within.ts';
export type { ParseConfigOptions } from './config.ts';
export { ConfigError, loadDotEnv, parseConfig } from './config.ts';
export type { HealthPart, HealthReport } from './health.ts';
export { combineHealth, partOf } from './health.ts';
export type { HealthServer } from './health-server.ts';
export { startHealthServer } from './health-server.ts';
export type { Logger } from './logger.ts';
export { createLogger } from './logger.ts';
export type { Metrics } from './metrics.ts';
export { createMetrics } from './metrics.ts';
export type { Keys, Resolved, Token } from './nest/typed-providers.ts';
export { provided, token } from './nest/typed-providers.ts';
export { nestLogger } from './nest-logger.ts';
export type { QueryClient } from './query-client.ts';
export { createQueryClient } from './query-client.ts';
export type { QueryServer } from './query-server.ts';
export { serveQueries } from './query-server.ts';
export type { SealedSocketOptions } from './sealed-socket.ts';
export { sealedClientSocket, sealedServerSocket } from './sealed-socket.ts';
export {
  addressesSetting,
  addressSetting,
  distributedSecrets,
  distributedSettings,
  kafkaConnectionOf,
  kafkaSettings,
  logLevelSetting,
  portSetting,
  postgresUrlSetting,
  serviceSecretSetting,
} from './settings.ts';
export type { Shutdown } from './shutdown.ts';
export { createShutdown, portTrouble, runMain } from './shutdown.ts';
export { isSignedRequest, signatureHeader, signRequest } from './signed-request.ts';
