// Spends over HTTP. All targets run at the same time and are loaded one after the other, so that a slow spell hits them
// alike.
import { runChild, startChild } from './children.mjs';
import { adminUrlOf, startEmbedded } from './platform.mjs';

const spread = 10_000;

export async function benchHttp({ seconds, say }) {
  const echo = await startChild('./echo.mjs', { ready: /^echo / });
  const echoUrl = echo.line.replace('echo ', '');
  const platform = await startEmbedded();
  try {
    say('opening 10,000 wallets');
    await openWallets(platform);
    const simple = await startChild('./simple-ledger.mjs', {
      args: [JSON.stringify({ databaseUrl: adminUrlOf(platform.dataDir), accounts: spread, key: platform.key })],
      ready: /^simple ledger /,
    });
    const simpleUrl = simple.line.replace('simple ledger ', '');
    const many = spread;
    const hot = 1;
    const { headers } = platform;
    const path = '/v1/accounts/bench{n}/spend';
    const load = (url, connections, accounts, more = {}) =>
      runChild('./load.mjs', {
        args: [
          JSON.stringify({
            url,
            connections,
            seconds,
            headers,
            body: '{"amount":"1"}',
            path,
            spread: accounts,
            ...more,
          }),
        ],
      });
    const f = {};
    await load(platform.url, 64, many);
    for (const connections of [64, 256]) {
      say(`${connections} clients: echo, one account, many accounts`);
      f[`echo${connections}`] = await load(echoUrl, connections, hot);
      f[`hot${connections}`] = await load(platform.url, connections, hot);
      f[`many${connections}`] = await load(platform.url, connections, many);
    }
    say('64 clients: the simple ledger, one account and many');
    f.simpleMany = await load(simpleUrl, 64, many);
    f.simpleHot = await load(simpleUrl, 64, hot);
    say('balance reads beside 64 spending clients');
    f.echoReads = await load(echoUrl, 64, hot, { beside: { url: `${echoUrl}/v1/accounts/bench1` } });
    f.reads = await load(platform.url, 64, hot, { beside: { url: `${platform.url}/v1/accounts/bench1`, headers } });
    await simple.stop();
    say('one client');
    f.one = await oneClient(platform, seconds);
    f.limit = await runChild('./latency-limit.mjs', {
      args: [
        JSON.stringify({ adminUrl: adminUrlOf(platform.dataDir), echoUrl: `${echoUrl}/v1/accounts/a/spend`, seconds }),
      ],
    });
    return f;
  } finally {
    await platform.stop();
    await echo.stop();
    platform.remove();
  }
}

async function openWallets({ call }) {
  for (let from = 0; from < spread; from += 200) {
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const id = `bench${from + index}`;
        await call('POST', '/v1/accounts', { id, kind: 'wallet', unit: 'unit' });
        await call('POST', `/v1/accounts/${id}/grants`, { amount: '1000000000', reason: 'bench' });
      }),
    );
  }
}

async function oneClient({ url, headers }, seconds) {
  const took = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const from = performance.now();
    const response = await fetch(`${url}/v1/accounts/bench2/spend`, {
      method: 'POST',
      headers,
      body: '{"amount":"1"}',
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`spend answered ${response.status}`);
    took.push(performance.now() - from);
  }
  took.sort((a, b) => a - b);
  return { p50: took[Math.floor(took.length / 2)], p99: took[Math.floor(took.length * 0.99)] };
}
