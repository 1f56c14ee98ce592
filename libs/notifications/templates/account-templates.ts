import type { Channel } from '../channel.js';
import type { Template } from './built-in.js';

/** What texts about accounts may hold: where to go, for how many hours that is good, by what and when something was done. */
export const ACCOUNT_PLACEHOLDERS = ['url', 'hours', 'device', 'when', 'company', 'sender'];

/** The subject; the paragraphs; what the link is called, where there is one. */
type Words = [subject: string, paragraphs: string[], link?: string];
type Language = 'en' | 'es' | 'de';

const IGNORE = {
  en: 'If you did not ask for this, you can ignore it: nothing changes.',
  es: 'Si no lo has pedido, puedes ignorar este mensaje: nada cambia.',
  de: 'Wenn Sie das nicht angefordert haben, können Sie diese Nachricht ignorieren: Nichts ändert sich.',
};
const NOT_YOU = {
  en: 'If this was not you, change your password and tell an administrator of {company}.',
  es: 'Si no has sido tú, cambia la contraseña y avisa a un administrador de {company}.',
  de: 'Wenn Sie das nicht waren, ändern Sie Ihr Passwort und benachrichtigen Sie die Verwaltung von {company}.',
};
const WHEN = { en: '{when} (UTC), {device}', es: '{when} (UTC), {device}', de: '{when} (UTC), {device}' };
const HOURS = {
  en: 'The link is good for {hours} h, once.',
  es: 'El enlace vale {hours} h, una vez.',
  de: 'Der Link gilt {hours} Std., einmal.',
};

const told = (language: Language, subject: string, sentence: string): Words => [subject, [sentence, WHEN[language], NOT_YOU[language]]];
const asked = (language: Language, subject: string, sentence: string, link: string): Words => [
  subject,
  [sentence, HOURS[language], IGNORE[language]],
  link,
];

const TEXTS: Record<string, Record<Language, Words>> = {
  account_verify_email: {
    en: asked('en', 'Confirm your e-mail for {sender}', 'Is this your address? Then confirm it.', 'Confirm'),
    es: asked('es', 'Confirma tu correo en {sender}', '¿Es esta tu dirección? Confírmala.', 'Confirmar'),
    de: asked('de', 'Bestätigen Sie Ihre E-Mail für {sender}', 'Ist das Ihre Adresse? Dann bestätigen Sie sie.', 'Bestätigen'),
  },
  account_change_email: {
    en: asked('en', 'Your new e-mail at {sender}', 'Confirm that your account at {company} is to have this address.', 'Confirm'),
    es: asked('es', 'Tu nuevo correo en {sender}', 'Confirma que tu cuenta de {company} debe tener esta dirección.', 'Confirmar'),
    de: asked(
      'de',
      'Ihre neue E-Mail bei {sender}',
      'Bestätigen Sie, dass Ihr Konto bei {company} diese Adresse haben soll.',
      'Bestätigen',
    ),
  },
  account_reset_password: {
    en: asked('en', 'A new password for {sender}', 'Choose a new password for your account at {company}.', 'Choose a password'),
    es: asked('es', 'Una nueva contraseña para {sender}', 'Elige una nueva contraseña para tu cuenta de {company}.', 'Elegir contraseña'),
    de: asked('de', 'Ein neues Passwort für {sender}', 'Wählen Sie ein neues Passwort für Ihr Konto bei {company}.', 'Passwort wählen'),
  },
  account_invitation: {
    en: asked('en', 'You are invited to {sender}', 'You are invited to join {company}.', 'Accept'),
    es: asked('es', 'Te invitan a {sender}', 'Te invitan a unirte a {company}.', 'Aceptar'),
    de: asked('de', 'Sie sind zu {sender} eingeladen', 'Sie sind eingeladen, {company} beizutreten.', 'Annehmen'),
  },
  account_password_changed: {
    en: told('en', 'Your {sender} password was changed', 'The password of your account was changed.'),
    es: told('es', 'Tu contraseña de {sender} ha cambiado', 'Se ha cambiado la contraseña de tu cuenta.'),
    de: told('de', 'Ihr Passwort für {sender} wurde geändert', 'Das Passwort Ihres Kontos wurde geändert.'),
  },
  account_email_changed: {
    en: told('en', 'The e-mail of your {sender} account was changed', 'Your account has another e-mail address now.'),
    es: told('es', 'El correo de tu cuenta de {sender} ha cambiado', 'Tu cuenta tiene ahora otra dirección de correo.'),
    de: told('de', 'Die E-Mail Ihres Kontos bei {sender} wurde geändert', 'Ihr Konto hat jetzt eine andere E-Mail-Adresse.'),
  },
  account_email_change_asked: {
    en: told(
      'en',
      'Another e-mail for your {sender} account?',
      'Somebody who knows your password asked for another e-mail address. It is not changed yet.',
    ),
    es: told(
      'es',
      '¿Otro correo para tu cuenta de {sender}?',
      'Alguien que conoce tu contraseña ha pedido otra dirección de correo. Aún no ha cambiado.',
    ),
    de: told(
      'de',
      'Eine andere E-Mail für Ihr Konto bei {sender}?',
      'Jemand, der Ihr Passwort kennt, möchte eine andere E-Mail-Adresse eintragen. Noch ist sie nicht geändert.',
    ),
  },
  account_factor_added: {
    en: told('en', 'A second factor was added at {sender}', 'A second factor was added to your account.'),
    es: told('es', 'Un nuevo segundo factor en {sender}', 'Se ha añadido un segundo factor a tu cuenta.'),
    de: told('de', 'Neuer zweiter Faktor bei {sender}', 'Ihrem Konto wurde ein zweiter Faktor hinzugefügt.'),
  },
  account_identity_linked: {
    en: told('en', 'Another way to sign in at {sender}', 'Your account can be opened with an outside identity now.'),
    es: told('es', 'Otra forma de entrar en {sender}', 'Ahora se puede entrar en tu cuenta con una identidad externa.'),
    de: told('de', 'Ein weiterer Weg zur Anmeldung bei {sender}', 'Ihr Konto kann jetzt mit einer fremden Identität geöffnet werden.'),
  },
  account_factor_removed: {
    en: told('en', 'A second factor was removed at {sender}', 'A second factor of your account was removed, or ended.'),
    es: told('es', 'Un segundo factor eliminado en {sender}', 'Se ha eliminado, o ha terminado, un segundo factor de tu cuenta.'),
    de: told('de', 'Zweiter Faktor entfernt bei {sender}', 'Ein zweiter Faktor Ihres Kontos wurde entfernt oder ist erloschen.'),
  },
  account_recovery_code_used: {
    en: told('en', 'A backup code was used at {sender}', 'Somebody signed in to your account with one of its backup codes.'),
    es: told(
      'es',
      'Se ha usado un código de recuperación en {sender}',
      'Alguien ha entrado en tu cuenta con uno de sus códigos de recuperación.',
    ),
    de: told('de', 'Ein Ersatzcode wurde benutzt bei {sender}', 'Jemand hat sich mit einem Ersatzcode an Ihrem Konto angemeldet.'),
  },
  account_new_device: {
    en: told('en', 'A new sign-in at {sender}', 'Somebody signed in to your account on a device or from a place that is new.'),
    es: told('es', 'Un nuevo inicio de sesión en {sender}', 'Alguien ha entrado en tu cuenta desde un dispositivo o un lugar nuevo.'),
    de: told(
      'de',
      'Eine neue Anmeldung bei {sender}',
      'Jemand hat sich mit einem neuen Gerät oder von einem neuen Ort an Ihrem Konto angemeldet.',
    ),
  },
};

const PAGE = 'font-family:sans-serif;font-size:16px;line-height:1.5;color:#222';
const BUTTON = 'display:inline-block;padding:12px 20px;background:#1a4fd6;color:#fff;text-decoration:none;border-radius:6px';

function written([subject, paragraphs, link]: Words): Template {
  const [first, ...rest] = paragraphs;
  const lines = [first!, ...(link ? ['{url}'] : []), ...rest];
  const button = link ? [`<p><a style="${BUTTON}" href="{url}">${link}</a></p><p style="color:#666;word-break:break-all">{url}</p>`] : [];
  const page = [`<p>${first}</p>`, ...button, ...rest.map((line) => `<p style="color:#666">${line}</p>`)].join('');
  return { subject, body: `${lines.join('\n\n')}\n`, html: `<div style="${PAGE}">${page}</div>` };
}

/** The texts about accounts, by name and language. A company may have its own of each. */
export const ACCOUNT_TEMPLATES = Object.entries(TEXTS).map(
  ([name, languages]) =>
    [
      name,
      new Map(
        Object.entries(languages).map(([language, words]) => [language, { email: written(words) } as Partial<Record<Channel, Template>>]),
      ),
    ] as const,
);
