import i18next, { type BackendModule } from 'i18next';
import { initReactI18next } from 'react-i18next';
import type account from './locales/en/account.json';
import type common from './locales/en/common.json';
import type company from './locales/en/company.json';
import type errors from './locales/en/errors.json';
import type insight from './locales/en/insight.json';
import type people from './locales/en/people.json';
import type providerSettings from './locales/en/provider-settings.json';
import type signIn from './locales/en/sign-in.json';

export const LANGUAGES = { en: 'English', es: 'Español', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;
const KEPT = 'watchword-language';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: {
      common: typeof common;
      errors: typeof errors;
      'sign-in': typeof signIn;
      account: typeof account;
      people: typeof people;
      company: typeof company;
      'provider-settings': typeof providerSettings;
      insight: typeof insight;
    };
  }
}

/** Each catalogue is a file of its own, fetched when a page first needs it. */
const catalogues = import.meta.glob<{ default: object }>('./locales/*/*.json');
const backend: BackendModule = {
  type: 'backend',
  init: () => {},
  read: (language, namespace, done) => {
    const load = catalogues[`./locales/${language}/${namespace}.json`];
    if (!load) return done(new Error(`There is no catalogue ${language}/${namespace}.`), false);
    load().then(
      ({ default: texts }) => done(null, texts as Record<string, string>),
      (error: Error) => done(error, false),
    );
  },
};

export const isLanguage = (text: string | null | undefined): text is Language => text != null && text in LANGUAGES;
/** What the reader chose here, or the first of their browser's languages that there is. */
function preferred(): Language {
  const kept = localStorage.getItem(KEPT);
  if (isLanguage(kept)) return kept;
  return navigator.languages.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en';
}

export async function startLanguages(): Promise<void> {
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: preferred(),
      fallbackLng: false,
      ns: ['common', 'errors'],
      defaultNS: 'common',
      interpolation: { escapeValue: false }, // React escapes
      returnNull: false,
    });
  document.documentElement.lang = i18next.language;
  i18next.on('languageChanged', (language) => (document.documentElement.lang = language));
}

export async function speak(language: Language): Promise<void> {
  localStorage.setItem(KEPT, language);
  await i18next.changeLanguage(language);
}
