import { useTranslation } from 'react-i18next';

type Group = 'kinds' | 'because' | 'rules' | 'reasons' | 'actions';

/** A word of the API in the reader's; one that this console does not know yet, as it is. */
export function useWords() {
  const { t, i18n } = useTranslation('insight');
  // What stands in the catalogue is asked for first: the compiler cannot know the API's words.
  const say = t as unknown as (key: string, more: Record<string, string>) => string;
  return (group: Group, word: string, more: Record<string, string> = {}): string => {
    // Vendors add a number of their own to some words: failed_12.
    const [, base = word, code] = /^([a-z_]+?)_?(\d{1,5})?$/.exec(word) ?? [];
    const key = `${group}.${base.replaceAll('.', '_')}`;
    if (!i18n.exists(key, { ns: 'insight' })) return word;
    return code === undefined ? say(key, more) : `${say(key, more)} (${code})`;
  };
}
