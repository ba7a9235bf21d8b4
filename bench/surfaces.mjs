// Each consuming route of each surface beside the native spend of the same run: what an adapter costs over the ledger's own.
import { runChild } from './children.mjs';
import { startEmbedded } from './platform.mjs';

const connections = 64;
const plenty = 1_000_000_000;

/** Runs the native spend before and after the surfaces, so that a slow spell is not theirs. */
export async function benchSurfaces({ seconds, say }) {
  const platform = await startEmbedded();
  try {
    const routes = await prepare(platform);
    const figures = {};
    for (const [name, route] of Object.entries(routes)) {
      say(`${connections} clients: ${name}`);
      figures[name] = await runChild('./load.mjs', { args: [JSON.stringify({ url: platform.url, connections, seconds, headers: platform.headers, ...route })] });
    }
    return figures;
  } finally {
    await platform.stop();
    platform.remove();
  }
}

/** One account a surface, with more than a run can use. */
async function prepare({ url, call, secret }) {
  const json = { 'content-type': 'application/json' };
  const { access_token: login } = await post(url, '/api/auth/login', json, { email: 'admin@localhost', password: secret('admin-password') });
  const asAdmin = { ...json, authorization: `Bearer ${login}` };
  await call('POST', '/v1/accounts', { id: 'surface', kind: 'wallet', unit: 'unit' });
  await call('POST', '/v1/accounts/surface/grants', { amount: String(plenty), reason: 'bench' });
  const { data: { license_key: key } } = await call('POST', '/api/admin/license-keys', { token_balance: plenty });
  await post(url, '/api/user/assign-license', asAdmin, { license_key: key });
  await call('POST', '/api/features', { id: 'bench', name: 'bench' });
  await call('POST', '/api/feature-endpoints', { id: 'bench', feature: 'bench', path: '/bench' });
  await call('POST', '/api/user-wallets/give-bonus-token', { user_id: 'bench', token: plenty });
  await call('POST', '/api/admin/credits/bench/bonus', { amount: plenty });
  const who = { user_id: 'bench', feature_endpoint_id: 'bench' };
  const native = { path: '/v1/accounts/surface/spend', body: '{"amount":"1"}' };
  return {
    'native spend': native,
    'licence keys: use-token': { path: `/api/user/license-keys/${key}/use-token`, body: '{}', headers: asAdmin },
    'token process: start': { path: '/api/token-process/start', body: JSON.stringify(who) },
    'token process: end': { path: '/api/token-process/end', body: JSON.stringify({ ...who, input_token: 100, output_token: 400 }) },
    'credits: consume': { path: '/api/admin/credits/bench/consume', body: '{}' },
    'tier billing: process-usage': { path: '/api/token-billing/process-usage', body: JSON.stringify({ userId: 'bench', tokensUsed: 1 }) },
    'native spend, again': native,
  };
}

async function post(url, path, headers, body) {
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
