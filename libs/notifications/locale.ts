import { z } from 'zod';

/** Language, script and region of BCP 47 (RFC 5646); `_` where POSIX and Java write it. */
const TAG = /^[a-z]{2,3}(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|\d{3}))?$/i;

/** A locale in its one form, such as `es-MX`; undefined when it is none. */
export function readLocale(text: string): string | undefined {
  const tag = text.trim();
  return TAG.test(tag) ? new Intl.Locale(tag.replaceAll('_', '-')).toString() : undefined;
}

export const locale = z
  .string()
  .max(20)
  .transform((text, context) => {
    const tag = readLocale(text);
    if (!tag) context.addIssue({ code: 'custom', message: 'must be a language such as en or es-MX' });
    return tag ?? z.NEVER;
  })
  .meta({ type: 'string', example: 'es-MX' });

/** Whose texts do for a reader of this locale, the best first: `es-MX`, `es`, and what everybody is written in when nothing else is there. */
export function localesFor(locale: string): string[] {
  const parts = locale.split('-');
  return [...new Set([...parts.map((_, at) => parts.slice(0, parts.length - at).join('-')), 'en'])];
}
