// The load generator: one process, closed loop, `connections` callers on kept-alive connections. It prepares requests
// once and reads no more of an answer than its status and length, so that it takes as little of the machine as it can.
// Prints one JSON line: answers/s and latency percentiles in milliseconds. `{n}` in the path is replaced by a number
// below `spread`, `{id}` in the body by one that no other request has; `next`, a path and body with `{hold_id}`, is
// asked with the hold of each answer, and both count as one. A body of bytes comes as text of that `encoding`. One more
// caller may read `beside` meanwhile. Any answer but 2xx ends the run with an error.
import { connect } from 'node:net';

const {
  url,
  connections,
  seconds,
  headers = {},
  method = 'POST',
  body = '',
  path,
  spread = 1,
  next,
  beside,
  encoding = 'utf8',
} = JSON.parse(process.argv[2]);
const warmUpMs = 500;
const idDigits = 15;
const idMark = '#'.repeat(idDigits);
let ids = Math.round(performance.timeOrigin) * 100;
const began = performance.now();
const from = began + warmUpMs;
const end = from + seconds * 1000;

const took = [];
const takers = Array.from({ length: connections }, (_, index) =>
  caller({ target: new URL(url), requests: requestsOf(index), took }),
);
const read = [];
if (beside)
  takers.push(
    caller({
      target: new URL(beside.url),
      requests: [request('GET', new URL(beside.url), beside.headers ?? {}, '')],
      took: read,
    }),
  );
await Promise.all(takers);
if (took.length === 0) fail(new Error(`nothing was answered within ${seconds} s`));
const figures = {
  perSecond: took.length / seconds,
  ...percentiles(took),
  ...(beside ? { beside: percentiles(read) } : {}),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);

/** Every caller walks through the accounts from a place of its own, in steps that share no factor with their number. */
function requestsOf(index) {
  const count = Math.max(1, Math.floor(spread / connections));
  return Array.from({ length: count }, (_, turn) => {
    const number = (index * count + turn) % spread;
    return request(method, new URL(path.replace('{n}', number), url), headers, body.replace('{id}', idMark));
  });
}

/** Writes the next number over the place of the id, where the request has one. */
function numbered(content) {
  const at = content.indexOf(idMark);
  if (at === -1) return content;
  return Buffer.concat([
    content.subarray(0, at),
    Buffer.from(String(ids++).padStart(idDigits, '0')),
    content.subarray(at + idDigits),
  ]);
}

function request(verb, target, fields, content) {
  const bytes = Buffer.from(content, encoding);
  const lines = Object.entries({
    host: target.host,
    ...fields,
    ...(content === '' ? {} : { 'content-length': bytes.length }),
  });
  const head =
    `${verb} ${target.pathname}${target.search} ` +
    `HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

function caller({ target, requests, took: times }) {
  return new Promise((resolve) => {
    const socket = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
    let waiting = Buffer.alloc(0);
    let turn = 0;
    let sent = 0;
    let isSecond = false;
    const send = () => {
      sent = performance.now();
      if (sent >= end) return void socket.end(resolve);
      socket.write(numbered(requests[turn++ % requests.length]));
    };
    socket.on('connect', send);
    socket.on('error', fail);
    socket.on('data', (chunk) => {
      waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
      const head = waiting.indexOf('\r\n\r\n');
      if (head === -1) return;
      const text = waiting.toString('latin1', 0, head);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? fail(new Error(`no length: ${text}`)));
      if (waiting.length < head + 4 + length) return;
      if (text[9] !== '2') fail(new Error(`${text.slice(9, 12)}: ${waiting.toString('utf8', head + 4)}`));
      const answer = waiting;
      waiting = Buffer.alloc(0);
      if (next !== undefined && !isSecond && times === took) {
        isSecond = true;
        const { hold_id: hold } = JSON.parse(answer.toString('utf8', head + 4));
        return void socket.write(
          request(method, new URL(next.path.replace('{hold_id}', hold), url), headers, next.body),
        );
      }
      isSecond = false;
      const now = performance.now();
      if (sent >= from && now <= end) times.push(now - sent);
      send();
    });
  });
}

function percentiles(values) {
  const sorted = Float64Array.from(values).sort();
  return { p50: sorted[Math.floor(sorted.length / 2)], p99: sorted[Math.floor(sorted.length * 0.99)] };
}

function fail(error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
