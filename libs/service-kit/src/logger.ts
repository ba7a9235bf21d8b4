import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import pretty from 'pino-pretty';

export type Logger = PinoLogger;

/** Wherever these appear in a logged object, two levels down included, they are replaced. */
const secretKeys = ['authorization', 'cookie', 'password', 'secret', 'token', 'jwt', 'databaseUrl', 'x-server-api-key'];
const redact = {
  paths: secretKeys.flatMap((key) => [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`]),
  censor: '(hidden)',
};

/** JSON lines on stdout, readable lines where stdout is a terminal. `destination` is for tests. */
export function createLogger(options: {
  readonly service: string;
  readonly level: string;
  readonly destination?: DestinationStream;
}): Logger {
  const readable = options.destination === undefined && process.stdout.isTTY;
  const destination = readable
    ? pretty({
        colorize: true,
        ignore: 'pid,hostname,service',
        messageFormat: '{service}: {msg}',
        translateTime: 'HH:MM:ss.l',
        sync: true,
      })
    : options.destination;
  const settings = { level: options.level, base: { service: options.service }, redact, timestamp: pinoTime };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

const pinoTime = (): string => `,"time":"${new Date().toISOString()}"`;
