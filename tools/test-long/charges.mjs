import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** 10,000 crossings of 500 customers, charged under faults of every kind: the spec of `npm test`, larger. */
export async function chargeCampaign({ check }) {
  await check('10000 crossings of 500 customers are charged once each, under faults of every kind', async () => {
    const args = [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '-c',
      'services/billing/jest.config.js',
      'campaign.int',
    ];
    const env = { ...process.env, TOLLGATE_CHARGE_CROSSINGS: '10000', TOLLGATE_CHARGE_CUSTOMERS: '500' };
    const run = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [run.stdout, run.stderr]) stream.on('data', (piece) => (output += piece));
    const code = await new Promise((resolve) => run.on('close', resolve));
    if (code !== 0) throw new Error(output.slice(-4_000));
    return `${/charged .*/.exec(output)?.[0] ?? ''}; the comparison with Stripe is clean`;
  });
}
