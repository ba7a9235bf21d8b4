// Every file and spec that a document names is there, and every link inside the project leads somewhere. Answers what
// does not.
// A file may be named by the end of its path.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));
const known = new Set(files);
const names = new Set(files.map((file) => basename(file)));
const specs = files
  .filter((file) => /\.(spec|contract)\.ts$/.test(file))
  .map((file) =>
    readFileSync(join(root, file), 'utf8')
      .replace(/['"`] \+\s+['"`]/g, '')
      .replaceAll("\\'", "'"),
  )
  .join('\n');
const faults = [];

for (const document of files.filter(
  (file) => file.endsWith('.md') && !file.startsWith('docs/adr/') && file !== 'docs/style.md',
)) {
  const text = readFileSync(join(root, document), 'utf8');
  for (const [, path] of text.matchAll(/`([\w@./-]+\.(?:ts|mjs|js|sql|json|md|yml))`/g))
    if (!isThere(document, path)) faults.push(`${document}: \`${path}\` is not there`);
  for (const title of titlesNamedIn(text))
    if (!specs.includes(title)) faults.push(`${document}: no spec is called "${title}"`);
  for (const [, target] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const path = normalize(join(dirname(document), target));
    if (!existsSync(join(root, path))) faults.push(`${document}: the link to ${target} leads nowhere`);
  }
}
for (const fault of faults) process.stdout.write(`${fault}\n`);
process.exit(faults.length === 0 ? 0 : 1);

/**
 * Titles in quotes behind the file of a spec, and further ones behind commas. A case of a table is named by its table.
 */
function titlesNamedIn(text) {
  const lists = [...text.replace(/\s+/g, ' ').matchAll(/`[\w./-]+\.(?:spec|contract)\.ts` ((?:(?:, )?"[^"]+")+)/g)];
  return lists
    .flatMap(([, titles]) => titles.match(/[^"]{3,}(?=")/g) ?? [])
    .map((title) => title.replace(/(?<=^finds that somebody changed ).*/, '%s'));
}

/** From the root, from the document's folder, or the end of a path that says enough. */
function isThere(document, path) {
  if (known.has(path) || known.has(normalize(join(dirname(document), path)))) return true;
  if (path.includes('/')) return files.some((file) => file.endsWith(`/${path}`));
  return names.has(path) || isExample(path);
}

/** Files of users and generated ones, and patterns. */
function isExample(path) {
  return /^(usage|statement|package|package-lock|manifest|project)\./.test(path);
}
