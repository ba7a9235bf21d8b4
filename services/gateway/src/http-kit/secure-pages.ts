import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';

/**
 * Where browsers show what we send as a page. Elsewhere answers are JSON, and a hook a request would cost the consuming
 * routes.
 */
const pages = ['/api-docs'];

/** The pages load their own files alone, are framed by nobody, and may style themselves inline, as Swagger UI does. */
const secure = helmet({
  contentSecurityPolicy: {
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      frameAncestors: ["'none'"],
      // The platform itself speaks HTTP; TLS ends before it.
      upgradeInsecureRequests: null,
    },
  },
  xFrameOptions: { action: 'deny' },
});

/** Gives every route below the pages, added from now on, helmet's headers. */
export function securePages(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (!pages.some((prefix) => route.url.startsWith(prefix))) return;
    const before = route.onRequest === undefined ? [] : [route.onRequest].flat();
    route.onRequest = [
      ...before,
      (request, reply, done) => secure(request.raw, reply.raw, (error) => done(error as Error | undefined)),
    ];
  });
}
