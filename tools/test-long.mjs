// `npm run test:long`: what takes minutes or needs more than a checkout. The last line is `N passed, N failed, N
// skipped`; what could not run is named, with what it needs. `npm run test:long -- <folder>` says where the trace is
// (TOLLGATE_TRACE does too).
import { clientTraceCampaign } from './test-long/client-trace.mjs';
import { containerCampaign } from './test-long/containers.mjs';
import { fuzzCampaign } from './test-long/fuzz.mjs';
import { chargeCampaign } from './test-long/charges.mjs';
import { stripeMockCampaign } from './test-long/stripe-mock.mjs';
import { traceCampaign } from './test-long/trace.mjs';

const count = { passed: 0, failed: 0, skipped: 0 };
const say = (line) => process.stdout.write(`${line}\n`);

/** One promise of the platform: `work` throws where it is broken, and may answer a line to be shown. */
async function check(name, work) {
  const started = performance.now();
  try {
    const shown = await work();
    count.passed++;
    say(`✓ ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)${shown === undefined ? '' : `: ${shown}`}`);
  } catch (error) {
    count.failed++;
    say(`✗ ${name}\n    ${String(error?.message ?? error).replaceAll('\n', '\n    ')}`);
  }
}

function notRun(name, why) {
  count.skipped++;
  say(`- ${name}: not run, ${why}`);
}

for (const campaign of [
  traceCampaign,
  clientTraceCampaign,
  fuzzCampaign,
  chargeCampaign,
  stripeMockCampaign,
  containerCampaign,
]) {
  try {
    await campaign({ check, notRun, say });
  } catch (error) {
    count.failed++;
    say(`✗ ${campaign.name} could not go on\n    ${error?.stack ?? error}`);
  }
}

say(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed > 0 ? 1 : 0;
