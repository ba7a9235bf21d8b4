import type { PlatformConfig } from './config.ts';
import type { RunningPlatform } from './platform.ts';
import { secretFile } from './secrets.ts';

/** What an operator wants to know first: where it is, how to log in, and one command that books something. */
export function welcome({ address, dataDir }: RunningPlatform, { settings }: PlatformConfig): readonly string[] {
  const ready = [`Ready          ${address}`];
  if (dataDir === null) return ready;
  const password =
    settings.ADMIN_PASSWORD === undefined ? `in ${secretFile(dataDir, 'ADMIN_PASSWORD')}` : 'as set in ADMIN_PASSWORD';
  const key =
    settings.SERVER_API_KEY === undefined
      ? `$(cat ${quoted(secretFile(dataDir, 'SERVER_API_KEY'))})`
      : '$SERVER_API_KEY';
  return [
    ...ready,
    `Administrator  ${settings.ADMIN_EMAIL}, password ${password}`,
    'Spend one unit:',
    `  curl -sS -X POST ${address}/v1/accounts/demo/spend -H "x-server-api-key: ${key}" -H 'content-type: ` +
      `application/json' -d '{"amount":"1"}'`,
  ];
}

const quoted = (path: string): string => (/^[\w/.@%+:,-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`);
