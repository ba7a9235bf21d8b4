// No line of code is longer than 120 columns (Prettier breaks neither comments nor texts), and no file than 400 lines.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const columnsMax = 120;
const linesMax = 400;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.mjs', '*.js'], {
  cwd: root,
  encoding: 'utf8',
});
const faults = listed
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
  .flatMap((file) => {
    const lines = readFileSync(join(root, file), 'utf8').trimEnd().split('\n');
    const long = lines.flatMap((line, at) =>
      [...line].length > columnsMax ? [`${file}:${at + 1}: ${[...line].length} columns`] : [],
    );
    return lines.length > linesMax ? [...long, `${file}: ${lines.length} lines`] : long;
  });
for (const fault of faults) process.stdout.write(`${fault}\n`);
process.exit(faults.length === 0 ? 0 : 1);
