import { type ArgumentMetadata, StandardSchemaValidationPipe } from '@nestjs/common';
import { RequestError } from './app-error.js';
import './issue-words.js';

interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
  /** Zod's: the names of an object that it does not know. */
  keys?: readonly string[];
}

const MOST_ISSUES = 50;
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
