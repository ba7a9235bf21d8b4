import { isIP } from 'node:net';

import type { FastifyRequest } from 'fastify';

import { networkOf } from '../shared/domain/network-address.ts';

/**
 * The caller's address for limits per address: the last address in X-Forwarded-For that is not a trusted proxy, or the
 * connection's own address.
 */
export function addressOf(request: FastifyRequest): string {
  const { ip } = request;
  return networkOf(isIP(ip) === 0 ? (request.socket.remoteAddress ?? '') : ip);
}
