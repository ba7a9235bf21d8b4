import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';

import {
  addressesSetting,
  addressSetting,
  distributedSecrets,
  distributedSettings,
  parseConfig,
} from '@tollgate/service-kit';
import { z } from 'zod';

import type { OutsideProvider } from './people-and-keys/app/user-access.ts';

/** Settings that change the gateway's behaviour. Secrets and the addresses of other services are separate. */
export type GatewayConfig = {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly answerWaitMs: number;
  readonly adminEmail: string;
  /** Product services of the credits surface; without a URL the built-in stand-in answers. */
  readonly upstream: {
    readonly 'start-workflow'?: string | undefined;
    readonly review?: string | undefined;
    readonly timeoutMs: number;
  };
  /** Whether people may register. Default: true. */
  readonly registration?: boolean | undefined;
  readonly connectionLimits?: { readonly inAll: number; readonly perAddress: number } | undefined;
  /** Addresses and networks of proxies whose X-Forwarded-For header is trusted. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Accepts logins of an external identity provider as well as our own. */
  readonly outside?: OutsideProvider | undefined;
};

export type GatewaySecrets = {
  readonly jwtSecret: string;
  readonly serverApiKey: string;
  readonly adminPassword: string;
  /** Required to reset usage on the optimize surface. */
  readonly optimizeAdminToken: string;
};

/** `address,network/bits,…`: proxies whose X-Forwarded-For header is trusted. */
const trustedProxies = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
  .refine((parts) => parts.every(isNetwork), {
    error: 'is not a list of addresses and networks such as 10.0.0.0/8,192.0.2.1',
  });

function isNetwork(text: string): boolean {
  const [address = '', bits] = text.split('/', 2);
  const version = isIP(address);
  return (
    version !== 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)))
  );
}

const upstreamUrl = z.url({ protocol: /^https?$/, error: 'is not an http or https URL' });

/** Variables of the gateway in both modes (running.md §2), without the secrets. */
export const gatewaySettings = {
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  ADMIN_EMAIL: z.string().min(3).default('admin@localhost'),
  /** A synchronous request that is not booked within this time is answered 503. */
  ANSWER_WAIT_MS: z.coerce.number().int().min(100).max(60_000).default(5_000),
  WORKFLOW_URL: upstreamUrl.optional(),
  REVIEW_URL: upstreamUrl.optional(),
  /** Time limit for a call of a product service. A credit is held for longer. */
  UPSTREAM_TIMEOUT_MS: z.coerce.number().int().min(100).max(300_000).default(60_000),
  /** `off`: no route creates a user. */
  REGISTRATION: z.enum(['on', 'off'], 'is neither on nor off').default('on'),
  TRUSTED_PROXIES: trustedProxies.optional(),
  /** Maximum of open connections: in total, and per address that is not a trusted proxy. */
  CONNECTIONS_MAX: z.coerce.number().int().min(16).max(1_000_000).default(4_096),
  CONNECTIONS_PER_ADDRESS_MAX: z.coerce.number().int().min(4).max(1_000_000).default(1_024),
  JWT_JWKS_URL: z.url().optional(),
  JWT_ISSUER: z.string().min(1).optional(),
  JWT_AUDIENCE: z.string().min(1).optional(),
};
export const gatewaySecretSettings = {
  /** The HS256 key: its UTF-8 bytes, at least 32 (RFC 7518 §3.2). */
  JWT_SECRET: z.string().refine((value) => Buffer.byteLength(value) >= 32, { error: 'must have at least 32 bytes' }),
  SERVER_API_KEY: z.string().min(16),
  ADMIN_PASSWORD: z.string().min(8),
  OPTIMIZE_ADMIN_TOKEN: z.string().min(16, 'is shorter than 16 characters'),
};

type Settings = z.output<z.ZodObject<typeof gatewaySettings>>;

/**
 * Builds the config from parsed settings. An external provider needs all three of its variables; `outsideFault` reports
 * when one is missing.
 */
export function gatewayConfig(settings: Settings): GatewayConfig {
  const { JWT_JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = settings;
  const outside =
    jwksUrl === undefined || issuer === undefined || audience === undefined ? undefined : { jwksUrl, issuer, audience };
  return {
    host: settings.HOST,
    port: settings.PORT,
    answerWaitMs: settings.ANSWER_WAIT_MS,
    adminEmail: settings.ADMIN_EMAIL,
    outside,
    trustedProxies: settings.TRUSTED_PROXIES,
    registration: settings.REGISTRATION === 'on',
    connectionLimits: { inAll: settings.CONNECTIONS_MAX, perAddress: settings.CONNECTIONS_PER_ADDRESS_MAX },
    upstream: {
      'start-workflow': settings.WORKFLOW_URL,
      review: settings.REVIEW_URL,
      timeoutMs: settings.UPSTREAM_TIMEOUT_MS,
    },
  };
}

/**
 * Problem text for a schema's check. Issuer and audience are mandatory, so that a token of another application is never
 * accepted.
 */
export function outsideFault(settings: Partial<Settings>): string | null {
  const given = [settings.JWT_JWKS_URL, settings.JWT_ISSUER, settings.JWT_AUDIENCE].filter(
    (value) => value !== undefined,
  );
  return given.length === 0 || given.length === 3 ? null : 'JWT_JWKS_URL, JWT_ISSUER and JWT_AUDIENCE go together';
}

/** A new id for this process, which appears in logs and answers. */
export const gatewayId = (): string => `gateway-${randomUUID().slice(0, 8)}`;

const { HOST: _, ...shared } = distributedSettings;
const distributed = z
  .object({
    ...shared,
    /** Port for readiness by part and for metrics. Without it neither is served. */
    HEALTH_PORT: distributedSettings.HEALTH_PORT.optional(),
    ...gatewaySettings,
    ...gatewaySecretSettings,
    /** Password of the role that reads finance's views. */
    FINANCE_DATABASE_PASSWORD: distributedSettings.DATABASE_PASSWORD,
    WORKFLOW_URL: upstreamUrl,
    REVIEW_URL: upstreamUrl,
    LEDGER_ADDRESS: addressesSetting,
    BILLING_ADDRESS: addressesSetting,
    QUOTA_ADDRESS: addressesSetting,
    OPTIMIZER_ADDRESS: addressSetting,
    /** Address under which ledgers reach this gateway. The gateway listens on its port. */
    REPLY_ADDRESS: addressSetting,
  })
  .superRefine((settings, context) => {
    const fault = outsideFault(settings);
    if (fault !== null) context.addIssue({ code: 'custom', path: ['JWT_JWKS_URL'], message: fault });
  });

/**
 * Settings of the gateway as a process of its own, where health and metrics have their own port.
 * @throws ConfigError with every problem.
 */
export const readConfig = (env: NodeJS.ProcessEnv): z.output<typeof distributed> =>
  parseConfig(distributed, {
    env,
    secrets: [...distributedSecrets, 'FINANCE_DATABASE_PASSWORD', ...Object.keys(gatewaySecretSettings)],
  });
