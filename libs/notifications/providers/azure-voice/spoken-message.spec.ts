import { spokenMessage } from './spoken-message.js';

const message = { text: 'Your Acme code is 493817.', code: '493817', locale: 'en' };

describe('A message read aloud', () => {
  it('says the code digit by digit, slowly, three times', () => {
    const ssml = spokenMessage(message);
    expect(ssml.match(/Your Acme code is 4, 9, 3, 8, 1, 7\./g)).toHaveLength(3);
    expect(ssml).toContain('<prosody rate="-20%">');
    expect(ssml).not.toContain('493817');
  });

  it.each([
    ['en', 'en-US-JennyNeural', 'en-US'],
    ['en-GB', 'en-GB-SoniaNeural', 'en-GB'],
    ['en-AU', 'en-US-JennyNeural', 'en-US'],
    ['es', 'es-ES-ElviraNeural', 'es-ES'],
    ['es-MX', 'es-MX-DaliaNeural', 'es-MX'],
    ['de-AT', 'de-DE-KatjaNeural', 'de-DE'],
    ['fr', 'fr-FR-DeniseNeural', 'fr-FR'],
    ['pt-BR', 'pt-BR-FranciscaNeural', 'pt-BR'],
    ['it', 'it-IT-ElsaNeural', 'it-IT'],
    ['zh-Hans-CN', 'zh-CN-XiaoxiaoNeural', 'zh-CN'],
    ['tlh', 'en-US-JennyMultilingualNeural', 'en-US'],
    ['constructor', 'en-US-JennyMultilingualNeural', 'en-US'],
  ])('speaks %s with the voice %s', (locale, voice, language) => {
    const ssml = spokenMessage({ ...message, locale });
    expect(ssml).toContain(`<voice name="${voice}">`);
    expect(ssml).toContain(`xml:lang="${language}"`);
  });

  it('lets no text become markup', () => {
    const ssml = spokenMessage({ ...message, text: `A&B's "<audio src='x'/>" code\u0000 is 493817` });
    expect(ssml).toContain('A&amp;B&apos;s &quot;&lt;audio src=&apos;x&apos;/&gt;&quot; code is 4, 9, 3, 8, 1, 7');
    expect(ssml).not.toContain('<audio');
  });

  it('reads a text without a code as it is', () => {
    expect(spokenMessage({ text: 'Somebody signed in.', locale: 'en' })).toContain('>Somebody signed in.<');
  });
});
