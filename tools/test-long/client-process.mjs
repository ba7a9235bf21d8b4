// A product service in a process of its own: sends a part of the conversation trace through `withTokenProcess` of the
// built client. Arguments: a JSON document. Prints one JSON line when all is sent and nothing waits.
import { readFileSync } from 'node:fs';
import { Tollgate } from '@tollgate/client';

const { file, users, endpoint, atOnce, spool } = JSON.parse(process.argv[2]);
const { TOKEN_SERVER_URL: baseUrl, SERVER_API_KEY: apiKey } = process.env;
// The platform is killed on the way: a start waits for it as long as it takes, an end is on disk.
const client = new Tollgate({
  baseUrl,
  apiKey,
  retriesMax: 60,
  retryMaxMs: 1_000,
  spool: { folder: spool, maxMs: 2_000, onTrouble: () => undefined },
});

const [header, ...lines] = readFileSync(file, 'utf8')
  .split(/\r?\n/)
  .filter((line) => line !== '');
const [input, output] = ['ContextTokens', 'GeneratedTokens'].map((name) => header.split(',').indexOf(name));

/** The request of a line was served long ago: what it read and wrote is known. */
const serve = client.tokenProcess.wrap(
  { feature_endpoint_id: endpoint, user_id: (args) => args[0] },
  async (_user, cells) => ({ input_token: Number(cells[input]), output_token: Number(cells[output]), model: 'trace' }),
);

let next = 0;
let done = 0;
const tell = setInterval(() => process.stdout.write(`${JSON.stringify({ done })}\n`), 100);
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let at = next++; at < lines.length; at = next++) {
      await serve(users[at % users.length], lines[at].split(','));
      done++;
    }
  }),
);
clearInterval(tell);
const waiting = await client.close({ timeoutMs: 60_000 });
process.stdout.write(`${JSON.stringify({ done, waiting, ended: true })}\n`);
