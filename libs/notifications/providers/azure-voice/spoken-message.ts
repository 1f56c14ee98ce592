import type { OutboundMessage } from '../../channel.js';

/** A voice for each language, most specific name first; a voice's own name begins with the language it speaks. */
const VOICES = new Map([
  ['ar', 'ar-SA-ZariyahNeural'],
  ['ca', 'ca-ES-JoanaNeural'],
  ['cs', 'cs-CZ-VlastaNeural'],
  ['da', 'da-DK-ChristelNeural'],
  ['de', 'de-DE-KatjaNeural'],
  ['en', 'en-US-JennyNeural'],
  ['en-gb', 'en-GB-SoniaNeural'],
  ['es', 'es-ES-ElviraNeural'],
  ['es-mx', 'es-MX-DaliaNeural'],
  ['fi', 'fi-FI-SelmaNeural'],
  ['fr', 'fr-FR-DeniseNeural'],
  ['fr-ca', 'fr-CA-SylvieNeural'],
  ['hi', 'hi-IN-SwaraNeural'],
  ['it', 'it-IT-ElsaNeural'],
  ['ja', 'ja-JP-NanamiNeural'],
  ['ko', 'ko-KR-SunHiNeural'],
  ['nb', 'nb-NO-PernilleNeural'],
  ['nl', 'nl-NL-ColetteNeural'],
  ['pl', 'pl-PL-ZofiaNeural'],
  ['pt', 'pt-PT-RaquelNeural'],
  ['pt-br', 'pt-BR-FranciscaNeural'],
  ['sv', 'sv-SE-SofieNeural'],
  ['tr', 'tr-TR-EmelNeural'],
  ['uk', 'uk-UA-PolinaNeural'],
  ['zh', 'zh-CN-XiaoxiaoNeural'],
]);

/** Hears by itself which language a text is in. */
const ANY_LANGUAGE = 'en-US-JennyMultilingualNeural';

const voiceFor = (locale: string) => {
  const [language = '', ...rest] = locale.toLowerCase().split('-');
  return VOICES.get(`${language}-${rest.at(-1) ?? ''}`) ?? VOICES.get(language) ?? ANY_LANGUAGE;
};

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** XML has no way at all to write most control characters. */
const escape = (text: string) =>
  // eslint-disable-next-line no-control-regex
  text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);

/** Nobody has a pen at the first reading. */
const READINGS = 3;

/**
 * SSML of the message, in the voice of its language. The code's characters are kept apart by commas, or six digits would be read as
 * "four hundred ninety-three thousand …".
 */
export function spokenMessage({ text, code, locale }: Pick<OutboundMessage, 'text' | 'code' | 'locale'>): string {
  const voice = voiceFor(locale);
  const language = voice.split('-').slice(0, 2).join('-');
  const words = escape(code ? text.replaceAll(code, [...code].join(', ')) : text);
  const readings = Array.from({ length: READINGS }, () => words).join('<break time="700ms"/>');
  return (
    `<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="${language}">` +
    `<voice name="${voice}"><prosody rate="-20%">${readings}</prosody></voice></speak>`
  );
}
