import Bowser from 'bowser';

/** What a user agent calls itself, in the words that people know: `Firefox on Windows`. Of those that nobody knows, nothing is repeated. */
export function deviceOf(userAgent: string | null | undefined): string {
  if (!userAgent) return 'an unknown device';
  const { browser, os } = Bowser.parse(userAgent);
  const known = [browser.name, os.name].filter((name): name is string => name !== undefined && /^[\p{L}\d .+-]{1,40}$/u.test(name));
  return known.length === 0 ? 'an unknown device' : known.join(' on ');
}
