// Each consuming route of each surface beside the native spend of the same run: what an adapter costs over the ledger's
// own.
import { runChild } from './children.mjs';
import { adminUrlOf, startEmbedded } from './platform.mjs';

/** A PNG of one pixel as a form: what costs is the call, hardly the image. */
const boundary = 'bench-boundary';
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
).toString('latin1');
const pixelForm =
  `--${boundary}\r\ncontent-disposition: form-data; name="file"; ` +
  `filename="pixel.png"\r\ncontent-type: image/png\r\n\r\n${pixel}\r\n--${boundary}--\r\n`;

export const nativeSpend = 'native spend';
const connections = 64;
const plenty = 1_000_000_000;
const json = { 'content-type': 'application/json' };

/**
 * Runs the native spend between any two routes, so that each is compared with the spends right before and after it. A
 * call that is composed around a product service is compared with what it is composed of: a native hold and settle, and
 * the durable steps of its row (ADR 20).
 * @returns for each route its figures, and `limits`: what it is compared with, measured at about the same time
 */
export async function benchSurfaces({ seconds, say, only }) {
  const platform = await startEmbedded();
  try {
    const { [nativeSpend]: spend, ...routes } = await prepare(platform);
    const load = ({ headers, ...route }, long) =>
      runChild('./load.mjs', {
        args: [
          JSON.stringify({
            url: platform.url,
            connections,
            seconds: long,
            headers: { ...platform.headers, ...headers },
            ...route,
          }),
        ],
      });
    const steps = () =>
      runChild('./durable-steps.mjs', {
        args: [JSON.stringify({ adminUrl: adminUrlOf(platform.dataDir), connections, seconds: seconds / 2 })],
      });
    const figures = {};
    await load(spend, seconds);
    let before = await load(spend, seconds / 2);
    for (const [name, { is = 'single', ...route }] of Object.entries(routes)) {
      if (only !== undefined && !name.includes(only)) continue;
      say(`${connections} clients: ${name}`);
      const found = await load(route, seconds);
      const after = await load(spend, seconds / 2);
      const spends = mean(before, after);
      const limits = {
        single: async () => [spends],
        pair: async () => [spends, spends],
        charged: async () => [spends, await steps()],
        composed: async () => [await load(routes[pair], seconds / 2), await steps()],
      };
      figures[name] = { ...found, is, limits: await limits[is]() };
      before = after;
    }
    return figures;
  } finally {
    await platform.stop();
    platform.remove();
  }
}

const pair = 'native hold and settle';
/** Of two runs: the mean time an answer, and the mean of their medians. */
const mean = (a, b) => ({ perSecond: 2 / (1 / a.perSecond + 1 / b.perSecond), p50: (a.p50 + b.p50) / 2 });

/** One account a surface, with more than a run can use. */
async function prepare({ url, call, secret }) {
  const asAdmin = await loggedIn(url, { email: 'admin@localhost', password: secret('admin-password') });
  const someone = { email: 'bench@example.org', password: 'correct horse bench', name: 'Bench' };
  const {
    data: { id: userId },
  } = await post(url, '/api/auth/register', json, someone);
  const asUser = await loggedIn(url, someone);
  for (const id of ['surface', 'held', 'granted', 'events']) {
    await call('POST', '/v1/accounts', { id, kind: 'wallet', unit: 'unit' });
    await call('POST', `/v1/accounts/${id}/grants`, { amount: String(plenty), reason: 'bench' });
  }
  const {
    data: { license_key: key },
  } = await call('POST', '/api/admin/license-keys', { token_balance: plenty });
  await post(url, '/api/user/assign-license', asAdmin, { license_key: key });
  await call('POST', '/api/features', { id: 'bench', name: 'bench' });
  await call('POST', '/api/feature-endpoints', { id: 'bench', feature: 'bench', path: '/bench' });
  await call('POST', '/api/user-wallets/give-bonus-token', { user_id: 'bench', token: plenty });
  for (const id of ['bench', userId]) await call('POST', `/api/admin/credits/${id}/bonus`, { amount: plenty });
  const who = { user_id: 'bench', feature_endpoint_id: 'bench' };
  const event = {
    specversion: '1.0',
    id: '{id}',
    source: '/bench',
    type: 'request',
    subject: 'events',
    data: { quantity: 1 },
  };
  const asEvent = {
    path: '/v1/events',
    body: JSON.stringify(event),
    headers: { 'content-type': 'application/cloudevents+json' },
  };
  const work = { projectId: 'bench' };
  return {
    [nativeSpend]: { path: '/v1/accounts/surface/spend', body: '{"amount":"1"}' },
    'native grant': { path: '/v1/accounts/granted/grants', body: '{"amount":"1","reason":"bench"}' },
    'native event': asEvent,
    'native event, wait=booked': { ...asEvent, path: '/v1/events?wait=booked' },
    [pair]: {
      path: '/v1/accounts/held/holds',
      body: '{"amount":"1","expires_in_s":60}',
      next: { path: '/v1/holds/{hold_id}/settle', body: '{"amount":"1"}' },
      is: 'pair',
    },
    'licence keys: use-token': { path: `/api/user/license-keys/${key}/use-token`, body: '{}', headers: asAdmin },
    'token process: start': { path: '/api/token-process/start', body: JSON.stringify(who) },
    'token process: start, estimate': {
      path: '/api/token-process/start',
      body: JSON.stringify({ ...who, estimate: 1 }),
    },
    'token process: end': {
      path: '/api/token-process/end',
      body: JSON.stringify({ ...who, input_token: 100, output_token: 400 }),
    },
    'credits: consume': { path: '/api/admin/credits/bench/consume', body: '{}' },
    'credits: start-workflow': {
      path: '/api/projects/start-workflow',
      body: JSON.stringify(work),
      headers: asUser,
      is: 'composed',
    },
    'credits: review': { path: '/api/review/generate', body: JSON.stringify(work), headers: asUser, is: 'composed' },
    'remote quotas: submit': {
      path: '/api/optimize/submit',
      body: pixelForm,
      encoding: 'latin1',
      is: 'charged',
      seconds: 6,
      headers: { 'x-token': 'bench', 'content-type': `multipart/form-data; boundary=${boundary}` },
    },
    'tier billing: process-usage': {
      path: '/api/token-billing/process-usage',
      body: JSON.stringify({ userId: 'bench', tokensUsed: 1 }),
    },
  };
}

async function loggedIn(url, { email, password }) {
  const { access_token: login } = await post(url, '/api/auth/login', json, { email, password });
  return { ...json, authorization: `Bearer ${login}` };
}

async function post(url, path, headers, body) {
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
