import type { LoggerService } from '@nestjs/common';

import type { Logger } from './logger.ts';

/** Nest's own messages through our logger; its start-up lines (a route each) are for debugging. */
export function nestLogger(logger: Logger): LoggerService {
  const write =
    (level: 'debug' | 'warn' | 'error' | 'fatal' | 'trace') =>
    (message: unknown, ...more: unknown[]): void => {
      logger[level]({ context: more.at(-1) }, typeof message === 'string' ? message : JSON.stringify(message));
    };
  return {
    log: write('debug'),
    debug: write('debug'),
    verbose: write('trace'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
  };
}
