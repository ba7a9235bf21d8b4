import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { ErrorCode } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { z } from 'zod';

const issuesShown = 5;

/**
 * Validates parameters against the zod schema of their decorator (`@Body({ schema })`). Synchronous, because a promise
 * per parameter would cost more than the check.
 */
@Injectable()
export class SchemaPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const schema = (metadata as { schema?: z.ZodType }).schema;
    return schema === undefined ? value : checked(schema, value);
  }
}

/** @throws AppError('invalid') that names what is wrong; REQUEST_INVALID unless the rule has a code of its own. */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // A number beyond 2^53 breaks two rules with the same text.
  const issues = [
    ...new Map(result.error.issues.map((issue) => [JSON.stringify([issue.path, issue.message]), issue])).values(),
  ];
  const detail = issues
    .slice(0, issuesShown)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  const sources = issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new AppError('invalid', codeOf(issues), detail.join('; '), { sources });
}

function codeOf(issues: readonly z.core.$ZodIssue[]): ErrorCode {
  for (const issue of issues) {
    if (issue.code === 'custom' && typeof issue.params?.['code'] === 'string') return issue.params['code'] as ErrorCode;
  }
  return 'REQUEST_INVALID';
}
