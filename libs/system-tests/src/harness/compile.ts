import { join } from 'node:path';

import ts from 'typescript';

const root = join(import.meta.dirname, '..', '..', '..', '..');

/**
 * Compiles one file of the workspace beside generated ones that exist in memory alone; answers what is wrong, line by
 * line.
 */
export function compileErrors(file: string, generated: Readonly<Record<string, string>>): readonly string[] {
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: false,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    types: ['node'],
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const inMemory = new Map(Object.entries(generated).map(([name, text]) => [join(root, name), text]));
  const { fileExists, readFile } = host;
  host.fileExists = (name) => inMemory.has(name) || fileExists(name);
  host.readFile = (name) => inMemory.get(name) ?? readFile(name);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) => {
    const text = inMemory.get(name);
    return text === undefined
      ? getSourceFile(name, ...rest)
      : ts.createSourceFile(name, text, options.target ?? ts.ScriptTarget.ES2023);
  };
  const program = ts.createProgram([join(root, file)], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file: at, start = 0 }) => {
    const line =
      at === undefined
        ? ''
        : `${at.fileName.slice(root.length + 1)}:${at.getLineAndCharacterOfPosition(start).line + 1} `;
    const source = at?.text.slice(start).split('\n', 1)[0] ?? '';
    return `${line}${source}: ${ts.flattenDiagnosticMessageText(messageText, ' ').slice(0, 600)}`;
  });
}
