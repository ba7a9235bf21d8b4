import { expect, it } from '@jest/globals';

import { isSignedRequest, signRequest } from './signed-request.ts';

it('a signature counts for its secret, method and path alone, and for a minute', () => {
  const request = { method: 'GET', path: '/images/1' };
  const signature = signRequest('secret-of-this-spec', request);
  expect(isSignedRequest('secret-of-this-spec', request, signature)).toBe(true);
  expect(isSignedRequest('another-secret-here', request, signature)).toBe(false);
  for (const other of [
    { ...request, method: 'DELETE' },
    { ...request, path: '/images/2' },
  ])
    expect(isSignedRequest('secret-of-this-spec', other, signature)).toBe(false);
  const [expires = '', mac = ''] = signature.split('.');
  for (const bad of [undefined, '', 'x', `${Number(expires) + 1}.${mac}`, `${Date.now() - 1}.${mac}`, [signature]]) {
    expect(isSignedRequest('secret-of-this-spec', request, bad)).toBe(false);
  }
});
