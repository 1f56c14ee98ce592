import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { MESSAGE_PROVIDERS } from '../libs/notifications/providers/index.js';

interface Setting {
  description?: string;
  properties?: Record<string, Setting>;
}
type Words = Record<string, Record<string, { label: string; hint?: string }>>;

const LOCALES = join(import.meta.dirname, '..', 'apps', 'console', 'locales');
const catalogue = (language: string): Words => JSON.parse(readFileSync(join(LOCALES, language, 'provider-settings.json'), 'utf8'));
const english = catalogue('en');

const settingsOf = Object.fromEntries(
  MESSAGE_PROVIDERS.map((Provider) => new Provider()).map(({ id, settings }) => [
    id,
    (z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' }) as Setting).properties ?? {},
  ]),
);

/** Whoever adds a provider of their own need not come here: the console then shows the provider's own words. */
describe('The words for the settings of providers', () => {
  it('are there for every provider that comes with it', () =>
    expect(Object.keys(english).toSorted()).toEqual([
      'aws-sns',
      'azure-sms',
      'azure-voice',
      'sandbox',
      'smtp',
      'telegram-bot',
      'telegram-gateway',
      'vonage-sms',
      'vonage-verify',
    ]));

  it.each(Object.keys(english))('name each setting of %s in three languages, and none that it does not have', (provider) => {
    const settings = settingsOf[provider] ?? {};
    for (const language of ['en', 'es', 'de']) {
      const words = catalogue(language)[provider]!;
      expect(Object.keys(words).toSorted(), language).toEqual(Object.keys(settings).toSorted());
      for (const [name, { label, hint }] of Object.entries(words)) {
        expect(label, `${language} ${name}`).toMatch(/\S/);
        expect(hint !== undefined, `${language} ${name} has a hint`).toBe(settings[name]!.description !== undefined);
      }
    }
  });

  it.each(Object.keys(english))("say in English what %s itself says: who changes that is told to change the others' words", (provider) => {
    const own = Object.entries(settingsOf[provider] ?? {}).map(([name, { description }]) => [name, description]);
    expect(Object.fromEntries(Object.entries(english[provider]!).map(([name, { hint }]) => [name, hint]))).toEqual(Object.fromEntries(own));
  });
});
