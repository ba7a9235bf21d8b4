import { answerClasses, isQuantityClass, isTimeZone, otherClasses, promptClasses } from '@tollgate/pricing';

import { CommandFailed } from '../output.ts';

/**
 * How the command line says where an event's parts come from: a column's name, or `=text` for the same in every row.
 */
export type Mapping = {
  readonly account: string;
  readonly time?: string;
  readonly input?: string;
  readonly output?: string;
  readonly model?: string;
  /** Column by which rows are known whatever the file. */
  readonly id?: string;
  /** `class=column`: counted beside input and output. */
  readonly count?: readonly string[];
  /** `class=column`: counted inside the input or output column, and taken off it. */
  readonly part?: readonly string[];
  /** Zone of times that name none; default UTC. */
  readonly zone?: string;
  readonly emptyAsZero?: boolean;
};

/** A cell of each row, or the same text for all. */
export type Source = { readonly name: string; readonly at: number } | { readonly text: string };
type Quantity = { readonly quantity: string; readonly from: Source };

/** The mapping on the columns of one file. */
export type Columns = {
  readonly account: Source;
  readonly time: Source | null;
  readonly model: Source | null;
  readonly id: Extract<Source, { readonly at: number }> | null;
  readonly counts: readonly Quantity[];
  readonly parts: readonly (Quantity & { readonly of: 'input_tokens' | 'output_tokens' })[];
  readonly zone: string;
  readonly emptyAsZero: boolean;
};

/**
 * @throws CommandFailed naming a column that is not there, one that is there twice, or an option that cannot be meant.
 */
export function columnsOf(file: string, header: readonly string[], mapping: Mapping): Columns {
  const twice = header.find((name, at) => header.indexOf(name) !== at);
  if (twice !== undefined)
    throw new CommandFailed(
      `${file}: the header names the column ${JSON.stringify(twice)} twice, so it cannot be told which is meant`,
    );
  const source = (from: string): Source => (from.startsWith('=') ? { text: from.slice(1) } : column(from));
  const column = (name: string): { readonly name: string; readonly at: number } => {
    const at = header.indexOf(name);
    if (at < 0) throw new CommandFailed(`${file}: there is no column ${name}; there are ${header.join(', ')}`);
    return { name, at };
  };
  const optional = (from: string | undefined): Source | null => (from === undefined ? null : source(from));
  const zone = mapping.zone ?? 'UTC';
  if (!isTimeZone(zone))
    throw new CommandFailed(`--zone is UTC or the name of a time zone such as Europe/Berlin, not ${zone}`);
  const none = { text: '0' };
  const counts = [
    { quantity: 'input_tokens', from: optional(mapping.input) ?? none },
    { quantity: 'output_tokens', from: optional(mapping.output) ?? none },
    ...quantities('--count', mapping.count, source),
  ];
  const parts = quantities('--part', mapping.part, source).map((part) => ({ ...part, of: wholeOf(part.quantity) }));
  refuseTwice([...counts, ...parts].map(({ quantity }) => quantity));
  return {
    account: source(mapping.account),
    time: optional(mapping.time),
    model: optional(mapping.model),
    id: mapping.id === undefined ? null : column(mapping.id),
    counts,
    parts,
    zone,
    emptyAsZero: mapping.emptyAsZero ?? false,
  };
}

function quantities(
  option: string,
  given: readonly string[] | undefined,
  source: (from: string) => Source,
): readonly Quantity[] {
  return (given ?? []).map((text) => {
    const at = text.indexOf('=');
    if (at < 1 || at === text.length - 1)
      throw new CommandFailed(`${option} is written <quantity>=<column>, not ${text}`);
    return { quantity: text.slice(0, at), from: source(text.slice(at + 1)) };
  });
}

const prompt: ReadonlySet<string> = new Set(promptClasses);
const answer: ReadonlySet<string> = new Set(answerClasses);

function wholeOf(quantity: string): 'input_tokens' | 'output_tokens' {
  if (prompt.has(quantity) && quantity !== 'input_tokens') return 'input_tokens';
  if (answer.has(quantity) && quantity !== 'output_tokens') return 'output_tokens';
  const known = isQuantityClass(quantity)
    ? `${quantity} is no part of input or output`
    : `${quantity} is no class of tokens`;
  throw new CommandFailed(
    `--part: ${known}; parts are ${[...promptClasses.slice(1), ...answerClasses.slice(1)].join(', ')}, beside ` +
      `them --count takes ${otherClasses.join(', ')} too`,
  );
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new CommandFailed(
      `${twice} is named by two of --input, --output, --count and --part: it would be counted twice`,
    );
}
