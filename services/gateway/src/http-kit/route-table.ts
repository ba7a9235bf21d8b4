import type { FastifyInstance } from 'fastify';

type Route = { readonly pattern: RegExp; readonly methods: Set<string> };

/** The methods of each path, used after routing failed to tell 405 from 404. */
export class RouteTable {
  readonly #routes = new Map<string, Route>();

  /** Records every route that is registered from now on. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      if (url.includes('*')) return;
      const route = this.#routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
      for (const name of [method].flat()) route.methods.add(name);
      this.#routes.set(url, route);
    });
  }

  /** Every route, as `POST /v1/accounts/:id/spend`, sorted. HEAD comes with each GET. */
  all(): readonly string[] {
    return [...this.#routes].flatMap(([url, { methods }]) => [...methods].map((method) => `${method} ${url}`)).sort();
  }

  methodsOf(url: string): readonly string[] {
    const path = url.split(/[?#]/, 1)[0] ?? url;
    const methods = new Set<string>();
    for (const route of this.#routes.values()) {
      if (route.pattern.test(path)) for (const method of route.methods) methods.add(method);
    }
    return [...methods].sort();
  }
}

const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[^\w-]/g, '\\$&')))
      .join('/')}/?$`,
  );
