// The load generator: one process, closed loop, `connections` callers. Prints one JSON line: requests/s of the answered ones
// and latency percentiles in milliseconds (HdrHistogram, from autocannon). A second target may be asked along with 1 caller.
import autocannon from 'autocannon';
import { performance } from 'node:perf_hooks';

const { url, connections, seconds, headers = {}, method = 'POST', body, paths = ['/'], beside } = JSON.parse(process.argv[2]);

const others = beside === undefined ? undefined : readLatencies(beside);
const result = await autocannon({
  url, connections, duration: seconds, pipelining: 1, headers,
  requests: shuffled(paths).map((path) => ({ method, path, ...(body === undefined ? {} : { body }) })),
});
if (result.non2xx > 0 || result.errors > 0) {
  process.stderr.write(`${result.non2xx} refused, ${result.errors} errors: ${JSON.stringify(result.statusCodeStats)}\n`);
  process.exit(1);
}
const { p50, p99 } = result.latency;
const measured = await others;
process.stdout.write(`${JSON.stringify({ perSecond: result['2xx'] / result.duration, p50, p99, ...(measured ? { beside: measured } : {}) })}\n`);
process.exit(0);

/** One caller that reads again and again while the load runs; autocannon's milliseconds are too coarse for it. */
async function readLatencies({ url: target, headers: also = {} }) {
  const took = [];
  const end = performance.now() + seconds * 1000 - 300;
  await new Promise((resolve) => setTimeout(resolve, 200));
  while (performance.now() < end) {
    const from = performance.now();
    const response = await fetch(target, { headers: also });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${target} answered ${response.status}`);
    took.push(performance.now() - from);
  }
  return percentiles(took);
}

function percentiles(values) {
  values.sort((a, b) => a - b);
  return { p50: values[Math.floor(values.length / 2)], p99: values[Math.floor(values.length * 0.99)] };
}

/** A fixed order that is not the accounts' own. */
function shuffled(list) {
  const copy = [...list];
  for (let index = copy.length - 1, seed = 12345; index > 0; index--) {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    const other = seed % (index + 1);
    [copy[index], copy[other]] = [copy[other], copy[index]];
  }
  return copy;
}
