import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { SettingsSchema } from './settings-schema.js';

/** A setting in the reader's words; of a provider that no catalogue knows, in the provider's own, which are English. */
export function useSettingWords(provider: string) {
  const { t, i18n } = useTranslation('provider-settings');
  // What stands in the catalogue is asked for first: the compiler cannot know which providers a server has.
  const say = t as unknown as (key: string) => string;
  const word = (key: string, own: string | undefined): ReactNode =>
    i18n.exists(key, { ns: 'provider-settings' }) ? say(key) : own && <span lang="en">{own}</span>;
  return (path: string, name: string, schema: SettingsSchema) => ({
    label: word(`${provider}.${path}.label`, schema.title ?? name),
    description: word(`${provider}.${path}.hint`, schema.description),
  });
}
