import { useTranslation } from 'react-i18next';

/** The API's own sentences about a field that people meet often, and what the catalogues say instead. */
const SENTENCES = [
  [/^The password must have at least (\d+) characters\.$/, 'refused.tooShort'],
  [/^The password must have at most (\d+) characters\.$/, 'refused.tooLong'],
  [/^The password must not be one of the 10,000/, 'refused.common'],
  [/^The password must be more than your name/, 'refused.context'],
  [/^must be a domain/, 'refused.domain'],
  [
    /^must be an international number|^is not a number that anybody can have|needs? (its|a|the) country code|must carry \+/,
    'refused.number',
  ],
  [/^no country is allowed yet/, 'refused.noCountry'],
  [/^(must be|invalid).*e-?mail/i, 'refused.email'],
] as const;

/** What is wrong with a field, in the reader's language; what nobody has translated, in the API's words with a frame around them. */
export function useRefusals() {
  const { t, i18n } = useTranslation('errors');
  return (message: string): string => {
    for (const [pattern, key] of SENTENCES) {
      const found = pattern.exec(message);
      if (found) return t(key, { count: Number(found[1]) || 0 });
    }
    return i18n.language === 'en' ? message : t('field', { message });
  };
}
