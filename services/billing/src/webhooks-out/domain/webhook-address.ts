import { AppError } from '@tollgate/kernel';

/**
 * Where events may be sent. `allowPrivate`: test set-ups, where subscribers are on private networks and this machine;
 * there plain http is enough to this machine. `isOpen`: whether a literal address may be connected to.
 */
export type AddressRule = { readonly allowPrivate: boolean; readonly isOpen: (address: string) => boolean };

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
/** Names that never leave a machine or a network, and those of clouds' metadata. */
const innerNames =
  /(^|\.)(localhost|local|internal|intranet|lan|home|corp|localdomain|arpa|test|invalid|onion)\.?$|^[^.]+\.?$/;

/**
 * The address that events may be sent to, as it is kept: https, no user and password, no name or address of a private
 * network, however it is spelt (the URL's own reading of `0x7f.1` or `2130706433` counts). What a name leads to is
 * checked at each connection.
 * @throws AppError('invalid', REQUEST_INVALID) saying what is wrong.
 */
export function checkAddress(text: string, { allowPrivate, isOpen }: AddressRule): string {
  if (text.length > 2_048 || !URL.canParse(text)) throw invalid('url is not an address');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw invalid('url must not hold a user or password');
  const isHere = loopback.has(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPrivate && isHere)) {
    throw invalid(allowPrivate ? 'url must be https, or http on this machine' : 'url must be https');
  }
  const literal = literalOf(url.hostname);
  if (literal !== null ? !isOpen(literal) : !allowPrivate && innerNames.test(url.hostname)) {
    throw invalid(
      'url must not lead into a private network, to this machine or to link-local addresses ' +
        '(ALLOW_PRIVATE_WEBHOOKS=1 lets test set-ups)',
    );
  }
  return url.href;
}

/** A host that is an address itself: the URL has it in its one spelling by now. */
const literalOf = (host: string): string | null =>
  host.startsWith('[') ? host.slice(1, -1) : /^\d{1,3}(\.\d{1,3}){3}$/.test(host) ? host : null;

const invalid = (message: string): AppError => new AppError('invalid', 'REQUEST_INVALID', message);
