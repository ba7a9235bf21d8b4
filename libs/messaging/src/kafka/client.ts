import { AppError } from '@tollgate/kernel';
import { within as bounded } from '@tollgate/service-kit';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { Kafka, logLevel } from 'kafkajs';

import { logUnavailable } from '../append-queue.ts';

export type KafkaConnection = {
  readonly brokers: readonly string[];
  /** Shown in the broker's logs. */
  readonly clientId: string;
  /** KAFKA_SSL_CA: PEM of the authority, or 'system' for the machine's own. Unset: no TLS. */
  readonly sslCa?: string;
  /** KAFKA_SASL_MECHANISM: plain, scram-sha-256 or scram-sha-512. Unset: no SASL. */
  readonly saslMechanism?: string;
  readonly saslUsername?: string;
  readonly saslPassword?: string;
};

export type OnTrouble = (message: string, error: unknown) => void;

/** Time limit of a request; Kafka answers in milliseconds. Long polls add their own wait. */
const requestTimeoutMs = 5_000;

/** kafkajs with our settings; its log lines (warnings and worse) go to `onTrouble`. */
export function kafkaClient(connection: KafkaConnection, onTrouble: OnTrouble): Kafka {
  const config: KafkaConfig = {
    brokers: [...connection.brokers],
    clientId: connection.clientId,
    connectionTimeout: 1_000,
    requestTimeout: requestTimeoutMs,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 4 },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ log, namespace }) =>
        onTrouble(`${namespace}: ${log.message}`, log['error']),
  };
  if (connection.sslCa !== undefined) config.ssl = connection.sslCa === 'system' ? true : { ca: [connection.sslCa] };
  if (connection.saslMechanism !== undefined) config.sasl = saslOf(connection);
  return new Kafka(config);
}

function saslOf({ saslMechanism, saslUsername = '', saslPassword = '' }: KafkaConnection): SASLOptions {
  const mechanism = saslMechanism?.toLowerCase();
  if (mechanism === 'plain' || mechanism === 'scram-sha-256' || mechanism === 'scram-sha-512') {
    // One literal per mechanism, as the driver's type wants it.
    if (mechanism === 'plain') return { mechanism, username: saslUsername, password: saslPassword };
    if (mechanism === 'scram-sha-256') return { mechanism, username: saslUsername, password: saslPassword };
    return { mechanism, username: saslUsername, password: saslPassword };
  }
  throw new AppError(
    'invalid',
    'REQUEST_INVALID',
    `unknown SASL mechanism ${saslMechanism}: plain, scram-sha-256 or scram-sha-512`,
  );
}

/** Turns the driver's errors into ours; what is an `AppError` already stays. */
export function asUnavailable(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return logUnavailable(`Kafka: ${error instanceof Error ? error.message : String(error)}`, error);
}

/** @throws AppError('unavailable', LOG_UNAVAILABLE) when `work` takes longer. */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  try {
    return await bounded(timeoutMs, work, () => logUnavailable(`Kafka did not answer within ${timeoutMs} ms`));
  } catch (error) {
    throw asUnavailable(error);
  }
}

/** Whether the broker refused the join because of the short session time-out; kafkajs wraps the reason. */
export function refusesSession(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('type' in error && error.type === 'INVALID_SESSION_TIMEOUT') return true;
  return 'cause' in error && refusesSession(error.cause);
}
