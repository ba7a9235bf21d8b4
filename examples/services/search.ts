// Events: every search is metered behind the caller's back, in batches, and counts once whatever crashes. GET
// /search?account=…&q=…
import { tollgate } from '@tollgate/client';
import { serve } from './serve.ts';

const meter = tollgate().meter({
  source: 'example/search',
  lingerMs: 100,
  onRejected: (event, { code, detail }) => process.stderr.write(`${String(event['id'])}: ${code} ${detail}\n`),
});

serve(
  async ({ query }) => {
    const found = ['first', 'second'].map((place) => `${place} hit for ${query.get('q') ?? ''}`);
    // Resolves when the event is on disk or with the platform.
    await meter.record({ subject: query.get('account') ?? '', type: 'request', data: { quantity: 1 } });
    return { status: 200, body: { found } };
  },
  () => tollgate().close(),
);
