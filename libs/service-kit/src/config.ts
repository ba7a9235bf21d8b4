import { readFileSync } from 'node:fs';
import { loadEnvFile } from 'node:process';

import type { z } from 'zod';

/** Every problem of a configuration at once, each line naming its variable. Values are never shown. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `the configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n  ` +
        `${problems.join('\n  ')}`,
    );
    this.problems = problems;
  }
}

export type ParseConfigOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Variables that may come as `X_FILE`: a path whose content is the value, without its trailing newline. */
  readonly secrets: readonly string[];
};

/**
 * Reads settings by a schema whose keys are the variables' names. A variable set to nothing counts as unset.
 * @throws ConfigError naming everything that is wrong.
 */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  { env, secrets }: ParseConfigOptions,
): z.output<Schema> {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  const unread = new Set<unknown>();
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && value !== '') values[name] = value;
  }
  for (const name of secrets) {
    const path = values[`${name}_FILE`];
    if (path === undefined) continue;
    if (values[name] !== undefined) problems.push(`${name}: set either ${name} or ${name}_FILE, not both`);
    try {
      values[name] = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
      if (values[name] === '') problems.push(`${name}_FILE: the file is empty`);
    } catch (error) {
      problems.push(`${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
      unread.add(name);
    }
  }
  for (const name of secrets)
    if (isPlaceholder(values[name])) problems.push(`${name}: is a placeholder: put a secret of your own there`);
  const parsed = schema.safeParse(values, { error: withoutValues });
  if (!parsed.success) {
    const others = parsed.error.issues.filter(({ path }) => !unread.has(path[0]));
    for (const issue of others) problems.push(`${issue.path.join('.') || 'settings'}: ${issue.message}`);
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError([...new Set(problems)].sort());
  return parsed.data;
}

/**
 * What stands in examples and templates until somebody puts a secret there. A database's address is looked at whole.
 */
const placeholders = [
  /change[-_ ]?(me|this)/i,
  /replace[-_ ]?(me|this|with)/i,
  /not[-_ ]?set|place[-_ ]?holder|^todo$/i,
  /(^|[-_/:])your[-_]|insert[-_ ]?(here|your)/i,
  /x{6,}|^<.*>$|\.\.\.$/i,
];
const isPlaceholder = (value: string | undefined): boolean =>
  value !== undefined && placeholders.some((pattern) => pattern.test(value));

/** "missing" says more than "expected string, received undefined"; other messages of zod do not repeat the value. */
const withoutValues: z.core.$ZodErrorMap = (issue) =>
  issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : undefined;

/** Adds the variables of a `.env` file to the environment; what is set already stays. A missing file is none. */
export function loadDotEnv(path: string): void {
  try {
    loadEnvFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
