import { z } from 'zod';

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
