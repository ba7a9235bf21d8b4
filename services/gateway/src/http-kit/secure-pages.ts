import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';

/**
 * Paths that browsers render as pages. All other answers are JSON and need no such headers; a hook on every request
 * would slow down the consuming routes.
 */
const pages = ['/api-docs'];

/** The pages load files of their own origin only, cannot be framed, and may use inline styles, as Swagger UI does. */
const secure = helmet({
  contentSecurityPolicy: {
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      frameAncestors: ["'none'"],
      // HSTS is off: TLS is terminated in front of the platform.
      upgradeInsecureRequests: null,
    },
  },
  xFrameOptions: { action: 'deny' },
});

/** Adds helmet's headers to every route of the pages that is registered from now on. */
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
