export type Address = { readonly host: string; readonly port: number };

/** Reads `host:port` (`[::1]:4000` for IPv6); null when it is none. Ports 0 … 65535, 0: any free one. */
export function parseAddress(text: string): Address | null {
  const parts = /^(?:\[([0-9a-fA-F:]+)\]|([^\s:/,]+)):(\d{1,5})$/.exec(text.trim());
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  return host === undefined || port > 65_535 ? null : { host, port };
}

/** Several addresses separated by commas; null when one is none or the list is empty. */
export function parseAddresses(text: string): readonly Address[] | null {
  const addresses = text.split(',').map(parseAddress);
  return addresses.every((address) => address !== null) ? addresses : null;
}
