// Child processes of a benchmark run: started, awaited, and ended by pid whatever happens.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** As `npm start` and the image run Node; limits and controls get the same. */
const nodeFlags = ['--no-warnings', '--max-semi-space-size=32'];
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts a file of this folder, or any other by absolute path; resolves with the line that matches `ready`. */
export async function startChild(file, { args = [], env = {}, ready }) {
  const path = file.startsWith('/') ? file : fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...nodeFlags, path, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  const line = new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const found = output.split('\n').find((one) => ready.test(one));
      if (found !== undefined) resolve(found);
    });
    child.on('exit', (code) => reject(new Error(`${file} ended with ${code}: ${errors || output}`)));
  });
  child.on('exit', () => running.delete(child));
  return {
    child,
    line: await line,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Runs a child that prints one JSON document as its last line. */
export async function runChild(file, options) {
  const { line, stop } = await startChild(file, { ...options, ready: /^\{.*\}$/ });
  await stop();
  return JSON.parse(line);
}
