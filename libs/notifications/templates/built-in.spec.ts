import { BUILT_IN_TEMPLATES } from './built-in.js';
import { renderMessage, smsSize } from './render-message.js';
import { policyOf } from '@app/tenants';

const LANGUAGES = ['de', 'en', 'es'];

describe('The built-in texts', () => {
  it('are there in every language, each by the same channels', () => {
    const languages = new Map<string, string[]>();
    for (const { name, channel, locale } of BUILT_IN_TEMPLATES)
      languages.set(`${name} ${channel}`, [...(languages.get(`${name} ${channel}`) ?? []), locale].toSorted());
    expect(languages.size).toBeGreaterThan(10);
    expect([...languages].filter(([, has]) => has.join() !== LANGUAGES.join())).toEqual([]);
  });

  it.each(BUILT_IN_TEMPLATES.filter(({ channel }) => channel === 'sms'))('fit one segment by SMS: $name in $locale', (template) => {
    const variables = { code: '1234567890', minutes: '10' };
    const { text } = renderMessage({
      template,
      channel: 'sms',
      variables,
      policy: policyOf({}),
      companyName: 'A company with a long name Ltd',
    });
    expect(smsSize(text)).toMatchObject({ segments: 1 });
    expect(text).toMatch(/^[\n\r !-_a-~¡£¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùü]*$/);
  });
});
