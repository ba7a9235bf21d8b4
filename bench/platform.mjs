// The embedded platform as a user starts it, on a folder of its own.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from './children.mjs';

const main = join(dirname(dirname(fileURLToPath(import.meta.url))), 'services', 'platform', 'dist', 'main.js');

export async function startEmbedded(dataDir = mkdtempSync(join(tmpdir(), 'tollgate-bench-'))) {
  const env = {
    DATA_DIR: dataDir,
    PORT: '0',
    LOG_LEVEL: 'warn',
    NODE_COMPILE_CACHE: join(tmpdir(), 'tollgate-bench-cache'),
  };
  const running = await startChild(main, { env, ready: /^Ready / });
  const url = running.line.replace(/^Ready\s+/, '').trim();
  const secret = (name) => readFileSync(join(dataDir, 'secrets', name), 'utf8').trim();
  const key = secret('server-api-key');
  const headers = { 'x-server-api-key': key, 'content-type': 'application/json' };
  const call = async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    url,
    headers,
    key,
    secret,
    dataDir,
    call,
    pid: running.child.pid,
    stop: running.stop,
    remove: () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

/** Address of its PostgreSQL, as the administrator. */
export function adminUrlOf(dataDir) {
  const lines = readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n');
  const password = readFileSync(join(dataDir, 'postgres', 'password'), 'utf8').trim();
  return `postgres://postgres:${password}@127.0.0.1:${lines[3]}/tollgate`;
}
