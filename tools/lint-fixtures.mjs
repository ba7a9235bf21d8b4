// Lints every file of tools/lint-fixtures in the place it names and answers what was accepted although it must not be.
// Needs Nx's project graph: run through `nx`, or after it, else the boundary rule passes everything.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cruise } from 'dependency-cruiser';
import { ESLint } from 'eslint';

// In CI the parser would read each file once from disk, and several fixtures stand in for one file.
process.env.TSESTREE_SINGLE_RUN = 'false';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'tools', 'lint-fixtures');

/** @returns one line for each fixture that lint accepted, or that does not say what it breaks. */
export async function acceptedFixtures() {
  const eslint = new ESLint({ cwd: root });
  const faults = [];
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .sort()) {
    const text = readFileSync(join(folder, name), 'utf8');
    const [, place, rule] = /^\/\/ at: (\S+)\n\/\/ refused by: (\S+)\n/.exec(text) ?? [];
    if (place === undefined) {
      faults.push(`${name}: does not say where it stands and what refuses it`);
      continue;
    }
    const [result] = await eslint.lintText(text, { filePath: join(root, place) });
    const rules = result?.messages.map(({ ruleId, message }) => ruleId ?? message) ?? [];
    if (!rules.includes(rule))
      faults.push(`${name}: ${rule} accepts it${rules.length > 0 ? ` (refused by ${rules.join(', ')})` : ''}`);
  }
  if (!(await circleIsRefused())) faults.push('circle/: no-cycles accepts it');
  return faults;
}

/** Two files that import each other, through types alone. */
async function circleIsRefused() {
  const { default: options } = await import('../.dependency-cruiser.js');
  const { output } = await cruise([join(folder, 'circle')], {
    ...options.options,
    validate: true,
    ruleSet: { forbidden: options.forbidden },
  });
  return output.summary.violations.some(({ rule }) => rule.name === 'no-cycles');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const faults = await acceptedFixtures();
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  process.exit(faults.length === 0 ? 0 : 1);
}
