// Verifies an audit bundle: node verify.mjs [folder]. Plain Node.js 20 or newer, nothing else: read it before you trust
// it. Exit code 0: everything that it says it checked holds. 1: something does not, and where.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = process.argv[2] ?? dirname(fileURLToPath(import.meta.url));
const sumsFile = 'SHA256SUMS';
const records =
  'entries boundaries later words explanations proofs seals checkpoints charges attempts payments credit_notes ' +
  'refunds fees top_ups';
const needed = ['README.md', 'verify.mjs', 'manifest.json', ...records.split(' ').map((name) => `${name}.jsonl`)];
const hexOfHash = /^[0-9a-f]{64}$/;
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const problems = [];
const problem = (where, what) => void problems.push(`${where}: ${what}`);
const said = [];
const say = (text) => void said.push(text);

/** The lines of a file as { at, value }, where `at` names the place. */
function linesOf(name) {
  const text = readFileSync(join(folder, name), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line, index) => {
      const at = `${name} line ${index + 1}`;
      try {
        return [{ at, value: JSON.parse(line) }];
      } catch {
        problem(at, 'is no JSON');
        return [];
      }
    });
}

/** Every file is as it was when the bundle was made, none is missing and none was added. */
function checkSums() {
  const listed = new Map();
  for (const [index, line] of readFileSync(join(folder, sumsFile), 'utf8').split('\n').slice(0, -1).entries()) {
    const [, sum, name] = /^([0-9a-f]{64}) {2}([A-Za-z0-9_.-]+)$/.exec(line) ?? [];
    if (sum === undefined) problem(`${sumsFile} line ${index + 1}`, 'is not "<sha256>  <file>"');
    else listed.set(name, sum);
  }
  const present = readdirSync(folder).filter((name) => name !== sumsFile);
  for (const name of needed) if (!listed.has(name)) problem(sumsFile, `does not list ${name}`);
  for (const name of present) if (!listed.has(name)) problem(name, `is not listed in ${sumsFile}`);
  for (const [name, sum] of listed) {
    if (!present.includes(name)) problem(name, 'is missing');
    else if (sha256(readFileSync(join(folder, name))).toString('hex') !== sum)
      problem(name, `was changed: its SHA-256 is not the one in ${sumsFile}`);
  }
  say(
    `${listed.size} files have the SHA-256 that ${sumsFile} says; its own is ` +
      `${sha256(readFileSync(join(folder, sumsFile))).toString('hex')}`,
  );
}

/** Seals follow one another, each hash recomputed; what was published outside of the tables says the same. */
/** What names the end of the chain, for whoever has an earlier one. */
const lastSeal = (seal) =>
  seal === null ? '' : `; the last is number ${seal.number} of partition ${seal.partition}, ${seal.seal_hash}`;

function checkSeals(manifest) {
  const seals = new Map();
  let previous = null;
  for (const { at, value: seal } of linesOf('seals.jsonl')) {
    const line =
      `tollgate.seal.v1 ${seal.partition} ${seal.number} ${seal.from_seq} ${seal.to_seq} ` + `${seal.sealed_at}\n`;
    if (![seal.root, seal.previous, seal.seal_hash].every((hash) => hexOfHash.test(hash)))
      problem(at, 'a hash is not 64 hexadecimal digits');
    else if (
      sha256(line, Buffer.from(seal.root, 'hex'), Buffer.from(seal.previous, 'hex')).toString('hex') !== seal.seal_hash
    )
      problem(at, 'the seal was changed: its hash is another');
    if (seal.partition !== manifest.partition) problem(at, 'the seal is of another partition');
    if (previous !== null && (manifest.chain === 'whole' || Number(seal.number) === Number(previous.number) + 1)) {
      if (seal.previous !== previous.seal_hash) problem(at, 'the seal does not follow the one before it');
      if (Number(seal.number) !== Number(previous.number) + 1 || Number(seal.from_seq) !== Number(previous.to_seq) + 1)
        problem(at, 'a seal is missing before it');
    }
    seals.set(seal.number, seal);
    previous = seal;
  }
  say(
    `${seals.size} seals recomputed${
      manifest.chain === 'whole'
        ? ', each chained to the one before it'
        : '; only those over these entries are in the bundle'
    }${lastSeal(previous)}`,
  );
  let published = 0;
  for (const { at, value } of linesOf('checkpoints.jsonl')) {
    const seal = seals.get(String(value.number));
    const fields = ['from_seq', 'to_seq', 'root', 'seal_hash'];
    if (seal === undefined) problem(at, `there is no seal ${value.number}`);
    else if (!fields.every((field) => String(seal[field]) === String(value[field])))
      problem(at, `seal ${value.number} is not the one that was published`);
    published++;
  }
  say(`${published} of ${seals.size} seals were published in the topic ledger.seals.v1 and are the same there`);
  return seals;
}

const node = (left, right) => sha256(Buffer.from([1]), left, right);
/** The root that a leaf and its path give (RFC 9162, 2.1.3.2); null: the path cannot belong to such a tree. */
function rootOf(leafHash, index, size, path) {
  let [at, last, root] = [index, size - 1, leafHash];
  if (!Number.isInteger(at) || at < 0 || at > last) return null;
  for (const sibling of path.map((hash) => Buffer.from(hash, 'hex'))) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      root = node(sibling, root);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else root = node(root, sibling);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? root : null;
}

const ms = (time) => (time === undefined ? '' : String(Date.parse(time)));
/** What the leaf of an entry must say, by place; undefined: not shown beside it. */
const leafFields = (entry) => [
  'tollgate.entry.v1',
  ...entry.id.split('-'),
  entry.account,
  entry.seq,
  entry.kind,
  entry.unit,
  entry.amount,
  entry.balance_after,
  entry.held_after,
  entry.used_after,
  entry.contra,
  entry.lot,
  undefined,
  undefined,
  entry.source,
  entry.request_id,
  String(entry.ordinal),
  undefined,
  ms(entry.period),
  entry.late === true ? 'late' : '',
  entry.rate === undefined ? '' : JSON.stringify(entry.rate),
  entry.corrects === undefined ? '' : entry.corrects.split('-')[1],
  ms(entry.occurred_at),
  ms(entry.recorded_at),
  entry.offset,
  undefined,
];
const leafNames = [
  'version',
  'partition',
  'id',
  'account',
  'seq',
  'kind',
  'unit',
  'amount',
  'balance_after',
  'held_after',
  'used_after',
  'contra',
  'lot',
  'lot left',
  'hold',
  'source',
  'request_id',
  'ordinal',
  'content hash',
  'period',
  'late',
  'rate',
  'corrects',
  'occurred_at',
  'recorded_at',
  'offset',
  'words',
];

/** An entry is in its seal, and says what its leaf says. Answers the commitment to the words beside it. */
function checkProof(at, entry, proof, seals) {
  if (proof === undefined) return problem(at, `entry ${entry.id} has no proof`);
  const seal = seals.get(proof.seal);
  const leafHash = sha256(Buffer.from([0]), proof.leaf);
  if (leafHash.toString('hex') !== proof.leaf_hash) problem(at, `entry ${entry.id}: the hash of its leaf is another`);
  if (seal === undefined) problem(at, `entry ${entry.id}: its seal ${proof.seal} is not in the bundle`);
  else {
    const [size, index] = [
      Number(seal.to_seq) - Number(seal.from_seq) + 1,
      Number(entry.id.split('-')[1]) - Number(seal.from_seq),
    ];
    if (proof.tree_size !== size || proof.leaf_index !== index)
      problem(at, `entry ${entry.id}: its place in seal ${proof.seal} is another`);
    if (rootOf(leafHash, index, size, proof.path)?.toString('hex') !== seal.root)
      problem(at, `entry ${entry.id} is not in seal ${proof.seal}: its path leads to another root`);
  }
  const leaf = JSON.parse(proof.leaf);
  const expected = leafFields(entry);
  const other = expected.findIndex((field, place) => field !== undefined && field !== leaf[place]);
  if (leaf.length !== expected.length || other !== -1)
    problem(at, `entry ${entry.id}: ${leafNames[other] ?? 'a member'} is not what was sealed`);
  return leaf[26];
}

/** Each entry is sealed, of this account, and follows from the one before it. */
function checkEntries(manifest, seals) {
  const proofs = new Map(linesOf('proofs.jsonl').map(({ value }) => [value.entry, value]));
  const [entries, commitments] = [new Map(), new Map()];
  let { seq, balance } = { seq: BigInt(manifest.opening.seq), balance: BigInt(manifest.opening.balance) };
  for (const file of ['entries.jsonl', 'later.jsonl']) {
    for (const { at, value: entry } of linesOf(file)) {
      if (entry.account !== manifest.account) problem(at, `entry ${entry.id} is of another account`);
      commitments.set(entry.id, checkProof(at, entry, proofs.get(entry.id), seals));
      entries.set(entry.id, entry);
      if (file !== 'entries.jsonl') continue;
      if (entry.recorded_at < manifest.from || entry.recorded_at >= manifest.to)
        problem(at, `entry ${entry.id} was not booked in the period`);
      if (BigInt(entry.seq) !== seq + 1n)
        problem(at, `entry ${entry.id} has the number ${entry.seq}, after ${seq}: entries are missing`);
      if (BigInt(entry.balance_after) !== balance + BigInt(entry.amount))
        problem(at, `entry ${entry.id}: ${balance} and ${entry.amount} are not ${entry.balance_after}`);
      [seq, balance] = [BigInt(entry.seq), BigInt(entry.balance_after)];
    }
  }
  const { opening, closing } = manifest;
  if (String(seq) !== closing.seq || String(balance) !== closing.balance)
    problem(
      'manifest.json',
      `closes with ${closing.balance} after entry ${closing.seq}, the entries with ${balance} after ${seq}`,
    );
  checkBoundaries(manifest, (at, entry) => {
    if (entry.account !== manifest.account) problem(at, `entry ${entry.id} is of another account`);
    commitments.set(entry.id, checkProof(at, entry, proofs.get(entry.id), seals));
    entries.set(entry.id, entry);
  });
  if (opening.seq === '0' && opening.balance !== '0')
    problem('manifest.json', 'opens with a balance before the first entry');
  for (const id of proofs.keys())
    if (!entries.has(id)) problem('proofs.jsonl', `proves ${id}, which is not in the bundle`);
  say(
    `${entries.size} entries recomputed, each with its proof of inclusion; ` +
      `balances from ${manifest.opening.balance} to ${balance} ${manifest.unit}`,
  );
  return { entries, commitments };
}

/** The entries right before and after the month: sealed, and nothing between. */
function checkBoundaries({ opening, closing, from, to }, check) {
  const found = new Set();
  for (const { at, value: entry } of linesOf('boundaries.jsonl')) {
    check(at, entry);
    found.add(entry.seq);
    const after = entry.seq === String(BigInt(closing.seq) + 1n);
    if (!after && entry.seq !== opening.seq)
      problem(at, `entry ${entry.id} is neither the one before the month nor the one after it: entries are missing`);
    else if (!after && (entry.recorded_at >= from || entry.balance_after !== opening.balance))
      problem(at, `entry ${entry.id} does not lead to the balance before the month`);
    if (
      after &&
      (entry.recorded_at < to || BigInt(entry.balance_after) !== BigInt(closing.balance) + BigInt(entry.amount))
    )
      problem(at, `entry ${entry.id} does not follow on the month`);
  }
  if (opening.seq !== '0' && !found.has(opening.seq))
    problem('boundaries.jsonl', `has no entry ${opening.seq}, the one before the month`);
  say(
    found.has(String(BigInt(closing.seq) + 1n))
      ? 'the first entry after the month follows its last: nothing is missing'
      : 'nothing was booked after the month when the bundle was made: whether its end is complete, a later ' +
          'bundle shows',
  );
}

/** Words beside entries are those that were sealed; explanations end with the amount that was booked. */
function checkBeside({ entries, commitments }) {
  let words = 0;
  const withWords = new Set();
  for (const { at, value } of linesOf('words.jsonl')) {
    if (sha256(Buffer.from(value.salt, 'hex'), value.text).toString('hex') !== commitments.get(value.entry))
      problem(at, `the words beside entry ${value.entry} are not those that were sealed`);
    withWords.add(value.entry);
    words++;
  }
  const erased = [...commitments].filter(([id, commitment]) => commitment && !withWords.has(id)).length;
  say(`the words beside ${words} entries are those that were sealed; those beside ${erased} were erased`);
  const explained = new Set();
  for (const { at, value } of linesOf('explanations.jsonl')) {
    const entry = entries.get(value.entry.id);
    explained.add(value.entry.id);
    if (entry === undefined) problem(at, `explains ${value.entry.id}, which is not in the bundle`);
    else if (
      value.result !== entry.amount ||
      value.steps.at(-1)?.result !== entry.amount ||
      value.entry.amount !== entry.amount
    )
      problem(at, `the amount of entry ${entry.id} is ${entry.amount}, not as explained`);
    else if (entry.rate !== undefined && !same(value.inputs, entry.rate.inputs))
      problem(at, `entry ${entry.id} was rated with other inputs`);
    else if (
      value.rate !== null &&
      (value.rate.card !== entry.rate?.card || value.rate.version !== entry.rate?.version)
    )
      problem(at, `entry ${entry.id} was rated by another card`);
  }
  for (const { id, rate } of entries.values())
    if (rate !== undefined && !explained.has(id)) problem('explanations.jsonl', `does not explain ${id}`);
  say(`${explained.size} rated amounts are explained, by card, version, inputs and each step`);
}

const namespace = Buffer.from('6f4f5a3e0d5c5a5e9c0e2f5d1b7a9c11', 'hex');
/** A charge is named by account, month and block (UUID version 5), so that there is one of each. */
function chargeId({ account, period_start: start, block }) {
  const bytes = createHash('sha1')
    .update(namespace)
    .update(`${account}\n${new Date(start).toISOString()}\n${block}`)
    .digest()
    .subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** No file lost or gained a line. */
function checkLines(manifest) {
  for (const [name, lines] of Object.entries(manifest.lines)) {
    const found = linesOf(`${name}.jsonl`).length;
    if (found !== lines) problem(`${name}.jsonl`, `has ${found} lines, the manifest says ${lines}`);
  }
}

/** What was charged names the account, and all about money names a charge of it; sums are those of the manifest. */
function checkMoney(manifest) {
  const charges = new Map();
  for (const { at, value } of linesOf('charges.jsonl')) {
    if (value.account !== manifest.account) problem(at, 'the charge is of another account');
    if (chargeId(value) !== value.id) problem(at, `charge ${value.id} is not that of its account, month and block`);
    if (value.status === 'succeeded' && !value.payment_intent)
      problem(at, `charge ${value.id} was paid and names no PaymentIntent`);
    charges.set(value.id, value);
  }
  for (const file of ['attempts.jsonl', 'payments.jsonl', 'credit_notes.jsonl', 'refunds.jsonl']) {
    for (const { at, value } of linesOf(file))
      if (!charges.has(value.charge_id)) problem(at, `is about charge ${value.charge_id}, which is not in the bundle`);
  }
  const given = new Map(linesOf('entries.jsonl').map(({ value }) => [`${value.source} ${value.request_id}`, value]));
  for (const { at, value } of linesOf('top_ups.jsonl')) {
    const entry = given.get(`topup ${value.topup_id}`);
    if (value.account !== manifest.account) problem(at, 'the top-up is of another account');
    if (entry && String(entry.amount) !== String(value.units))
      problem(at, `top-up ${value.topup_id} is of ${value.units} units, entry ${entry.id} gave ${entry.amount}`);
  }
  for (const [name, sums] of Object.entries(manifest.sums)) {
    const found = {};
    for (const { value } of linesOf(`${name}.jsonl`))
      found[value.currency] = String(BigInt(found[value.currency] ?? 0) + BigInt(value.amount_minor));
    if (!same(Object.entries(found).sort(), Object.entries(sums).sort()))
      problem(`${name}.jsonl`, `adds up to ${JSON.stringify(found)}, the manifest says ${JSON.stringify(sums)}`);
  }
  say(
    `${charges.size} charges are named by account, month and block; what is about them names them; sums are ` +
      `those of the manifest`,
  );
}

try {
  checkSums();
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const seals = checkSeals(manifest);
  checkBeside(checkEntries(manifest, seals));
  checkMoney(manifest);
  checkLines(manifest);
} catch (error) {
  problem(folder, `cannot be read to its end: ${error.message}`);
}
for (const text of said) console.log(problems.length === 0 ? `ok: ${text}` : `looked at: ${text}`);
for (const text of problems) console.error(`WRONG: ${text}`);
console.log(
  problems.length === 0
    ? 'The bundle holds.'
    : `The bundle does not hold: ${problems.length} problem${problems.length === 1 ? '' : 's'}.`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
