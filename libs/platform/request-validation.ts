import { type ArgumentMetadata, StandardSchemaValidationPipe } from '@nestjs/common';
import { z } from 'zod';
import { RequestError } from './app-error.js';

interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
  /** Zod's: the names of an object that it does not know. */
  keys?: readonly string[];
}

const MOST_ISSUES = 50;
const FORMATS: Record<string, string> = {
  email: 'must be an e-mail address',
  uuid: 'must be a UUID',
  url: 'must be an address (URL)',
  datetime: 'must be a time, such as 2026-01-31T12:00:00Z',
};
const units = { string: 'characters', array: 'entries', set: 'entries' } as Record<string, string>;
const bounded = (word: string, bound: unknown, origin: string) =>
  units[origin] ? `must have at ${word} ${bound} ${units[origin]}` : `must be at ${word} ${bound}`;

/** What is wrong, in words that go on after the name of a field. A schema's own words go before these. */
export function explain(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1 ? 'must not be empty' : bounded('least', issue.minimum, issue.origin);
    case 'too_big':
      return bounded('most', issue.maximum, issue.origin);
    case 'invalid_value':
      return issue.input === undefined ? 'is required' : `must be ${issue.values.map(String).join(' or ')}`;
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'does not have the expected form';
    case 'unrecognized_keys':
      return 'is not known here';
    default:
      return 'is not valid';
  }
}
z.config({ customError: explain });

const shown = (name: string) => (name.length > 100 ? `${name.slice(0, 100)}…` : name);
const named = (path: Issue['path'] = [], more: readonly string[] = []) =>
  [...path.map((part) => String(typeof part === 'object' ? part.key : part)), ...more].map(shown).join('.');

/** Every bad field of a request, named. @param whole what is meant where an issue names no field */
export function invalid(issues: readonly Issue[], whole = 'body') {
  const errors = issues
    .slice(0, MOST_ISSUES)
    .flatMap(({ path, keys, message }) =>
      keys ? keys.slice(0, MOST_ISSUES).map((key) => ({ field: named(path, [key]), message })) : [{ field: named(path) || whole, message }],
    )
    .slice(0, MOST_ISSUES);
  return RequestError.invalid({ errors, detail: errors.map(({ field, message }) => `${field}: ${message}`).join('; ') });
}

/** Nest's pipe, which tells its errors without the name of the parameter they are about. */
export class RequestValidation extends StandardSchemaValidationPipe {
  override async transform<T>(value: T, { schema, type, data }: ArgumentMetadata): Promise<T> {
    if (!schema || type === 'custom') return value;
    this.stripProtoKeys(value);
    const result = await this.validate(value, schema);
    if (result.issues) throw invalid(result.issues as readonly Issue[], data ?? type);
    return result.value as T;
  }
}
