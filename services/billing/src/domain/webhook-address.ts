import { AppError } from '@tollgate/kernel';

/** Whether plain http is good enough to this very machine: on a laptop, not where customers' money is. */
export type AddressRule = { readonly httpOnLoopback: boolean };

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * The address that events may be sent to, as it is kept: https, or http on loopback where that is allowed; no user and password.
 * @throws AppError('invalid', REQUEST_INVALID) saying what is wrong.
 */
export function checkAddress(text: string, { httpOnLoopback }: AddressRule): string {
  if (text.length > 2_048 || !URL.canParse(text)) throw invalid('url is not an address');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw invalid('url must not hold a user or password');
  if (url.protocol === 'https:') return url.href;
  if (url.protocol === 'http:' && httpOnLoopback && loopback.has(url.hostname)) return url.href;
  throw invalid(httpOnLoopback ? 'url must be https, or http on this machine' : 'url must be https');
}

const invalid = (message: string): AppError => new AppError('invalid', 'REQUEST_INVALID', message);
