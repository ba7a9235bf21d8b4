import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { serviceUsers } from './service-secrets.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docker-compose.yml'), 'utf8');
const blockOf = (service: string): string => new RegExp(`\n  ${service}:\n((?:    .*\n|\n)+)`).exec(text)?.[1] ?? '';

describe('the compose file', () => {
  // Guarantee: no secret has a default in a public file. With a known one for webhooks anybody could mark charges paid.
  it('has no default for any secret', () => {
    const given = [...text.matchAll(/^\s+(\w*(?:SECRET|KEY|PASSWORD|TOKEN))(_FILE)?: (.*)$/gm)].map(
      ([, name, file, value]) => [name, file, value],
    );
    expect(given.length).toBeGreaterThan(8);
    for (const [name, file, value] of given) {
      expect([name, value]).toEqual([name, file === undefined ? `\${${name}:-}` : expect.stringMatching(/^\/run\//)]);
    }
    expect(text).toContain('STRIPE: ${STRIPE:-off}');
  });

  it('gives each service a user and a volume of secrets of its own, and the superuser to none', () => {
    for (const [service, user] of Object.entries(serviceUsers)) {
      const mounted = [...blockOf(service).matchAll(/secrets-(\w+):\/run/g)].map(([, owner]) => owner);
      expect([service, mounted]).toEqual([service, [service]]);
      if (service !== 'postgres')
        expect([service, blockOf(service)]).toEqual([service, expect.stringContaining(`user: '${user}:${user}'`)]);
    }
    expect(blockOf('images-folder')).toContain(`'${serviceUsers.optimizer}:${serviceUsers.optimizer}'`);
    expect([...text.matchAll(/database-url/g)]).toHaveLength(1);
  });
});
