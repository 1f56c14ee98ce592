import { readFileSync } from 'node:fs';

export interface PasswordProblem {
  code: 'too_short' | 'too_long' | 'common' | 'context';
  /** One sentence for the person choosing, naming the rule. */
  message: string;
}

/** What an attacker who knows the person would try first. */
export interface PasswordContext {
  email?: string;
  fullName?: string;
  companyName?: string;
  companyDomain?: string;
}

/** In code points, after NFC. Eight, because a second factor is always asked for; with a password alone NIST wants 15. */
const MIN_LENGTH = 8;
const MAX_LENGTH = 128;

const PROBLEMS = {
  too_short: `The password must have at least ${MIN_LENGTH} characters.`,
  too_long: `The password must have at most ${MAX_LENGTH} characters.`,
  common: 'The password must not be one of the 10,000 most common ones, one repeated character or a plain run such as 12345678.',
  context: 'The password must be more than your name, e-mail address or company, or the word "watchword", with or without digits added.',
} as const;

/** Walked in either direction and round the corner. The last is the three rows of a keyboard. */
const TRACKS = [
  '1234567890',
  '123456789',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
  'qwertyuiopasdfghjklzxcvbnm',
];
const RUNS = TRACKS.flatMap((track) => [track, [...track].toReversed().join('')]).map((track) =>
  track.repeat(2 + MAX_LENGTH / track.length),
);

/** Shorter words are in too many good passwords. */
const MIN_WORD = 4;
/** What adds nothing to a word. Emoji are not in it. */
const FILLER = /^[\p{N}\p{P}\p{Sc}\p{Sk}\p{Sm}\s]*$/u;

/**
 * What is wrong with a password somebody chooses, or undefined. Length and guessability only: there are no composition rules.
 * @see ASVS 5.0 6.2.1, 6.2.4, 6.2.5, 6.2.9, 6.2.11; NIST SP 800-63B-4 §3.1.1.2
 */
export function checkPassword(password: string, context: PasswordContext = {}): PasswordProblem | undefined {
  // NFC turns at most four code points of two units into one: what is longer cannot pass, and is not worth normalising
  if (password.length > MAX_LENGTH * 8) return problem('too_long');
  const text = password.normalize('NFC');
  const length = [...text].length;
  if (length < MIN_LENGTH) return problem('too_short');
  if (length > MAX_LENGTH) return problem('too_long');

  const folded = text.toLowerCase();
  if (isCommon(folded)) return problem('common');
  if (isContext(folded, context)) return problem('context');
  return undefined;
}

function problem(code: PasswordProblem['code']): PasswordProblem {
  return { code, message: PROBLEMS[code] };
}

function isCommon(folded: string): boolean {
  return new Set(folded).size === 1 || RUNS.some((run) => run.includes(folded)) || commonPasswords().has(folded);
}

let common: ReadonlySet<string> | undefined;

/** Read at first use, once. Provenance: README.md beside it. */
function commonPasswords(): ReadonlySet<string> {
  common ??= new Set(fold(readFileSync(new URL('./common-passwords.txt', import.meta.url), 'utf8')).split(/\r?\n/));
  return common;
}

/** Whether nothing but context words, digits and punctuation is there; merely containing such a word is fine. */
function isContext(folded: string, { email = '', fullName = '', companyName = '', companyDomain = '' }: PasswordContext): boolean {
  const [localPart = ''] = email.split('@');
  const texts = ['watchword', email, localPart, fullName, companyName, companyDomain].map((text) => fold(text.trim()));
  const words = texts.flatMap((text) => [text, ...text.split(/[^\p{L}\p{M}\p{N}]+/u)]).filter((word) => [...word].length >= MIN_WORD);
  const rest = words.toSorted((a, b) => b.length - a.length).reduce((left, word) => left.replaceAll(word, ' '), folded);
  return rest !== folded && FILLER.test(rest);
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
