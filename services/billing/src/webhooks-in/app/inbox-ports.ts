import type { StripeEvent } from '../domain/stripe-event.ts';

/** The inbox of webhooks: each event is stored once, by its id. */
export type Inbox = {
  /** False: the event was known. */
  keep(event: StripeEvent, nowMs: number): Promise<boolean>;
  /** Events not applied yet, oldest first. */
  open(limit: number): Promise<readonly (StripeEvent & { readonly receivedMs: number })[]>;
  close(id: string, outcome: string, nowMs: number): Promise<void>;
};

/** @throws AppError('invalid', SIGNATURE_INVALID) */
export type VerifyWebhook = (webhook: { readonly payload: string; readonly signature: string }) => StripeEvent;
