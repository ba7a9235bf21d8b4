// Compiled by open-api.contract.ts, with `./api.ts` made from the running platform's OpenAPI document: what the client
// library says it sends is taken, and what comes is what the library says it gives. Assignability alone; nothing here
// runs.
import type {
  Account,
  AccountChange,
  Booked,
  CreditRefusal,
  CreditUsage,
  EndedHold,
  Entry,
  EntryPage,
  EventResult,
  EventsAccepted,
  Hold,
  Opening,
  TierCharge,
  TokenEnd,
  TokenEnded,
  TokenStart,
  TokenStarted,
  TokenSummary,
  TokenUsage,
  TokenUsageResult,
} from '@tollgate/client';
import type { paths } from './api.ts';

type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';
type At<Path extends keyof paths, Method extends Verb & keyof paths[Path]> = paths[Path][Method];
type JsonOf<Response> = Response extends { content: { 'application/json': infer Body } } ? Body : never;
/** What the platform answers. */
type Answer<Path extends keyof paths, Method extends Verb & keyof paths[Path], Status extends number> =
  At<Path, Method> extends { responses: infer All } ? (Status extends keyof All ? JsonOf<All[Status]> : never) : never;
/** What the platform takes. */
type Taken<Path extends keyof paths, Method extends Verb & keyof paths[Path]> =
  At<Path, Method> extends { requestBody?: infer Body } ? JsonOf<NonNullable<Body>> : never;

type ErrorOf<Path extends keyof paths, Method extends Verb & keyof paths[Path], Status extends number> =
  At<Path, Method> extends { responses: infer All } ? (Status extends keyof All ? JsonOf<All[Status]> : never) : never;

/** An answer that the document does not have would be assignable to everything. */
type There<T> = [T] extends [never] ? false : true;
type Fits<From, To> = [There<From>, There<To>] extends [true, true]
  ? [From] extends [To]
    ? true
    : { readonly from: From; readonly to: To }
  : 'not in the document';
const holds = <Claim extends true>(): Claim => true as Claim;

// The native API.
holds<Fits<Opening, Taken<'/v1/accounts', 'post'>>>();
holds<Fits<AccountChange, Taken<'/v1/accounts/{id}', 'patch'>>>();
holds<Fits<Answer<'/v1/accounts', 'post', 201>, Account>>();
holds<Fits<Answer<'/v1/accounts', 'post', 200>, Account>>();
holds<Fits<Answer<'/v1/accounts/{id}', 'get', 200>, Account>>();
holds<Fits<Answer<'/v1/accounts/{id}/entries', 'get', 200>, EntryPage>>();
holds<Fits<Answer<'/v1/entries/{id}', 'get', 200>, Entry>>();
holds<Fits<Answer<'/v1/accounts/{id}/grants', 'post', 201>, Booked>>();
holds<Fits<Answer<'/v1/accounts/{id}/spend', 'post', 200>, Booked>>();
holds<Fits<{ amount: string; metadata: Record<string, unknown> }, Taken<'/v1/accounts/{id}/spend', 'post'>>>();
holds<
  Fits<
    { usage: { model: string; input_tokens: number; output_tokens: number } },
    Taken<'/v1/accounts/{id}/spend', 'post'>
  >
>();
holds<
  Fits<
    { amount: string; priority: number; expires_at: string; reason: string },
    Taken<'/v1/accounts/{id}/grants', 'post'>
  >
>();
holds<
  Fits<{ amount: string; expires_in_s: number; parent_hold_id: string }, Taken<'/v1/accounts/{id}/holds', 'post'>>
>();
holds<Fits<Answer<'/v1/accounts/{id}/holds', 'post', 201>, Hold>>();
holds<Fits<Answer<'/v1/holds/{id}/settle', 'post', 200>, EndedHold>>();
holds<Fits<Answer<'/v1/holds/{id}/extend', 'post', 200>, EndedHold>>();
holds<Fits<Answer<'/v1/holds/{id}/release', 'post', 200>, EndedHold>>();
holds<Fits<Answer<'/v1/entries/{id}/correct', 'post', 201>, Booked>>();
holds<Fits<Answer<'/v1/events', 'post', 202>, EventsAccepted>>();
holds<Fits<Answer<'/v1/events', 'post', 207>, EventsAccepted>>();
holds<Fits<Answer<'/v1/events', 'post', 200>, { readonly results: readonly EventResult[] }>>();

// Token process.
holds<Fits<TokenStart, Taken<'/api/token-process/start', 'post'>>>();
holds<Fits<Answer<'/api/token-process/start', 'post', 200>, TokenStarted>>();
holds<Fits<TokenEnd, Taken<'/api/token-process/end', 'post'>>>();
holds<Fits<Answer<'/api/token-process/end', 'post', 200>, TokenEnded>>();

// Credits.
type Usage = { readonly data: CreditUsage };
holds<Fits<Answer<'/api/admin/credits/{userId}', 'get', 200>, Usage>>();
holds<Fits<Answer<'/api/admin/credits/{userId}/consume', 'post', 200>, Usage>>();
holds<Fits<Answer<'/api/admin/credits/{userId}/check', 'post', 200>, Usage>>();
holds<Fits<Answer<'/api/admin/credits/{userId}/upgrade', 'post', 200>, Usage>>();
holds<
  Fits<
    { days: number; tier: 'pro' | 'enterprise'; credits: number },
    Taken<'/api/admin/credits/{userId}/upgrade', 'post'>
  >
>();
holds<Fits<{ is_pro: boolean }, Taken<'/api/admin/credits/{userId}/initialize', 'post'>>>();
holds<Fits<{ amount: number }, Taken<'/api/admin/credits/{userId}/bonus', 'post'>>>();
holds<Fits<keyof CreditRefusal, keyof ErrorOf<'/api/admin/credits/{userId}/consume', 'post', 429>>>();

// Tier billing.
holds<Fits<TokenUsage, Taken<'/api/token-billing/process-usage', 'post'>>>();
holds<Fits<Answer<'/api/token-billing/process-usage', 'post', 200>, { readonly data: TokenUsageResult }>>();
holds<Fits<Answer<'/api/token-billing/process-usage', 'post', 200>['data']['tierCharges'][number], TierCharge>>();
holds<Fits<Answer<'/api/token-billing/user-summary/{userId}', 'get', 200>, { readonly data: TokenSummary }>>();
