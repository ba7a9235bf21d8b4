import { isIP } from 'node:net';

import type { FastifyRequest } from 'fastify';

import { networkOf } from '../shared/domain/network-address.ts';

/**
 * Who calls, for what is counted by address: the last address in X-Forwarded-For that no trusted proxy added, or the
 * connection's own where there is none that is one.
 */
export function addressOf(request: FastifyRequest): string {
  const { ip } = request;
  return networkOf(isIP(ip) === 0 ? (request.socket.remoteAddress ?? '') : ip);
}
