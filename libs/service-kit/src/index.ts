export { ConfigError, loadDotEnv, parseConfig } from './config.ts';
export type { ParseConfigOptions } from './config.ts';
export { createLogger } from './logger.ts';
export type { Logger } from './logger.ts';
export { createMetrics } from './metrics.ts';
export type { Metrics } from './metrics.ts';
export { combineHealth, partOf } from './health.ts';
export type { HealthPart, HealthReport } from './health.ts';
export { startHealthServer } from './health-server.ts';
export type { HealthServer } from './health-server.ts';
export { createShutdown, portTrouble, runMain } from './shutdown.ts';
export type { Shutdown } from './shutdown.ts';
export { serveQueries } from './query-server.ts';
export type { QueryServer } from './query-server.ts';
export { createQueryClient } from './query-client.ts';
export type { QueryClient } from './query-client.ts';
export { parseAddress, parseAddresses } from './address.ts';
export type { Address } from './address.ts';
export { nestLogger } from './nest-logger.ts';
export {
  addressesSetting, addressSetting, distributedSecrets, distributedSettings, kafkaConnectionOf, kafkaSettings, logLevelSetting, portSetting,
  postgresUrlSetting, serviceSecretSetting,
} from './settings.ts';
export { sealedClientSocket, sealedServerSocket } from './sealed-socket.ts';
export type { SealedSocketOptions } from './sealed-socket.ts';
export { isSignedRequest, signatureHeader, signRequest } from './signed-request.ts';
