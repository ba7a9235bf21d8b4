export type OutgoingOptions = {
  /** ALLOW_PRIVATE_WEBHOOKS: subscribers may be on private networks and on this machine; default false. */
  readonly allowPrivate?: boolean;
  /** WEBHOOK_ENCRYPTION_KEY: what seals the secrets of subscribers. */
  readonly encryptionKey: string;
  /** Pauses between attempts; default: those of Standard Webhooks, ten attempts over three days. */
  readonly retriesMs?: readonly number[];
  readonly timeoutMs?: number;
};
