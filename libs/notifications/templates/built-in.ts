import type { Channel } from '../channel.js';
import { ACCOUNT_TEMPLATES } from './account-templates.js';

/** What a message is made from. */
export interface Template {
  subject?: string | null | undefined;
  body: string;
  html?: string | null | undefined;
}

/** Names of templates about accounts begin with it. No request may name one: what they say, the product means. */
export const ACCOUNT = 'account_';
/** The template of every code. */
export const CODE = 'code';

const page = (hello: string, minutes: string, ignore: string) =>
  `<div style="font-family:sans-serif;font-size:16px;line-height:1.5;color:#222"><p>${hello}</p>` +
  `<p style="font-size:32px;font-weight:bold;letter-spacing:4px;margin:16px 0">{code}</p><p>${minutes}</p><p style="color:#666">${ignore}</p></div>`;
const plain = (body: string): Template => ({ body });

/**
 * The texts for codes, where a company has none of its own. Those by SMS keep to the GSM-7 alphabet, which has no ó, á or í:
 * one such letter would more than halve what fits in a segment.
 */
const CODES: Record<string, Record<Channel, Template>> = {
  en: {
    sms: plain('{code} is your {sender} code. It is valid for {minutes} min. Do not share it with anyone.'),
    voice: plain('Hello. Your {sender} code is {code}. Once more: {code}. Goodbye.'),
    telegram: plain('{code} is your {sender} code. It is valid for {minutes} min. Do not share it with anyone.'),
    email: {
      subject: 'Your {sender} code',
      body: 'Your {sender} code is {code}\n\nIt is valid for {minutes} min.\n\nDo not share it with anyone. If you did not ask for it, you can ignore this message.\n',
      html: page(
        'Your {sender} code is',
        'It is valid for {minutes} min.',
        'Do not share it with anyone. If you did not ask for it, you can ignore this message.',
      ),
    },
  },
  es: {
    sms: plain('{code} es tu clave de {sender}. Caduca en {minutes} min. No la compartas con nadie.'),
    voice: plain('Hola. Tu código de {sender} es {code}. Repito: {code}. Adiós.'),
    telegram: plain('{code} es tu código de {sender}. Caduca en {minutes} min. No lo compartas con nadie.'),
    email: {
      subject: 'Tu código de {sender}',
      body: 'Tu código de {sender} es {code}\n\nCaduca en {minutes} min.\n\nNo lo compartas con nadie. Si no lo has pedido, puedes ignorar este mensaje.\n',
      html: page(
        'Tu código de {sender} es',
        'Caduca en {minutes} min.',
        'No lo compartas con nadie. Si no lo has pedido, puedes ignorar este mensaje.',
      ),
    },
  },
  de: {
    sms: plain('{code} ist Ihr Code für {sender}. Er gilt {minutes} Min. Geben Sie ihn niemandem weiter.'),
    voice: plain('Guten Tag. Ihr Code für {sender} ist {code}. Noch einmal: {code}. Auf Wiederhören.'),
    telegram: plain('{code} ist Ihr Code für {sender}. Er gilt {minutes} Min. Geben Sie ihn niemandem weiter.'),
    email: {
      subject: 'Ihr Code für {sender}',
      body: 'Ihr Code für {sender} ist {code}\n\nEr gilt {minutes} Min.\n\nGeben Sie ihn niemandem weiter. Wenn Sie ihn nicht angefordert haben, können Sie diese Nachricht ignorieren.\n',
      html: page(
        'Ihr Code für {sender} ist',
        'Er gilt {minutes} Min.',
        'Geben Sie ihn niemandem weiter. Wenn Sie ihn nicht angefordert haben, können Sie diese Nachricht ignorieren.',
      ),
    },
  },
};

type Texts = Map<string, Partial<Record<Channel, Template>>>;
const BUILT_IN = new Map<string, Texts>([[CODE, new Map(Object.entries(CODES))], ...ACCOUNT_TEMPLATES]);

export const builtIn = (name: string, channel: Channel, locale: string): Template | undefined => BUILT_IN.get(name)?.get(locale)?.[channel];

export const BUILT_IN_TEMPLATES = [...BUILT_IN].flatMap(([name, locales]) =>
  [...locales].flatMap(([locale, channels]) =>
    Object.entries(channels).map(([channel, template]) => ({ name, channel: channel as Channel, locale, ...template })),
  ),
);
