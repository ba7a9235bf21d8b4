import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startKafka, startPostgres } from './servers/servers.ts';

/** What a test may need and what one run has one of. */
export type SharedPart = 'postgres' | 'kafka';

const variables = { postgres: 'TEST_POSTGRES_URL', kafka: 'TEST_KAFKA_BROKERS' } as const;

/** One jest run: its servers are started by the first spec that asks and stopped with the run. */
export type TestRun = { stop(): Promise<void> };

type Server = { readonly address: string; stop(): Promise<void> };

const starters: Readonly<Record<SharedPart, () => Promise<Server>>> = {
  postgres: async () => {
    const server = await startPostgres();
    return { address: server.url, stop: () => server.stop() };
  },
  kafka: async () => {
    const broker = await startKafka();
    return { address: broker.brokers, stop: () => broker.stop() };
  },
};

/**
 * Opens the run in jest's main process (globalSetup), which outlives the workers and so can own the servers. Specs find
 * it by the variable TOLLGATE_TEST_RUN.
 */
export async function startTestRun(): Promise<TestRun> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-run-'));
  const started = new Map<string, Promise<Server>>();
  const server = createServer((incoming, outgoing) => {
    const part = (incoming.url ?? '').slice(1);
    const reply = (status: number, text: string): unknown => outgoing.writeHead(status).end(text);
    if (part !== 'postgres' && part !== 'kafka') return void reply(404, `no such part: ${part}`);
    const running = started.get(part) ?? starters[part]();
    started.set(part, running);
    running.then(
      (one) => reply(200, one.address),
      (error: unknown) => reply(503, String(error)),
    );
  });
  const socket = join(folder, 'run.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  server.unref();
  process.env['TOLLGATE_TEST_RUN'] = folder;
  return {
    stop: async () => {
      server.close();
      server.closeAllConnections();
      const outcomes = await Promise.allSettled(started.values());
      for (const outcome of outcomes) if (outcome.status === 'fulfilled') await outcome.value.stop();
      const skipped = notRunOf(folder);
      if (skipped.length > 0)
        process.stderr.write(`could not run here:\n${skipped.map((line) => `  ${line}\n`).join('')}`);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The address of the run's server, started by the first who asks; TEST_POSTGRES_URL and TEST_KAFKA_BROKERS win.
 * @throws Error that says why it cannot run here.
 */
export async function sharedServer(part: SharedPart): Promise<string> {
  const given = process.env[variables[part]];
  if (given !== undefined && given !== '') return given;
  const folder = process.env['TOLLGATE_TEST_RUN'];
  if (folder === undefined) {
    throw new Error('no test run: name tools/test-setup.mjs and tools/test-teardown.mjs in jest.config.js');
  }
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: join(folder, 'run.sock'), path: `/${part}`, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    });
    call.once('error', reject);
    call.end();
  });
}

/** In CI what cannot run is a failure. */
export const inCi = (): boolean => (process.env['CI'] ?? '') !== '';

/** Notes that something could not run; the run lists it by name at its end. @throws Error in CI. */
export function notRun(name: string, reason: string): void {
  if (inCi()) throw new Error(`${name} could not run: ${reason}`);
  const folder = process.env['TOLLGATE_TEST_RUN'];
  if (folder === undefined) process.stderr.write(`could not run: ${name}: ${reason}\n`);
  else appendFileSync(join(folder, 'not-run'), `${name}: ${reason.split('\n')[0]}\n`);
}

function notRunOf(folder: string): readonly string[] {
  const file = join(folder, 'not-run');
  return existsSync(file) ? [...new Set(readFileSync(file, 'utf8').trim().split('\n'))] : [];
}

/** A name nothing else in this run or on these servers has: for topics, groups and databases. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 13)}`;
