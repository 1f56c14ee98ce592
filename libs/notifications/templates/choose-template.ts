import type { Channel } from '../channel.js';
import { localesFor } from '../locale.js';
import { NotificationError } from '../notifications.errors.js';
import { builtIn, type Template } from './built-in.js';

export interface TemplateKey {
  name: string;
  channel: Channel;
  /** As readLocale writes it. */
  locale: string;
}

/**
 * The words of one message, in the language that was found: the reader's, with or without the region, or English; of each, the company's own
 * before ours. `own`: what the company has of this name and channel.
 * @throws notifications.unknown_template
 */
export function chooseTemplate(
  { name, channel, locale }: TemplateKey,
  own: readonly (Template & { locale: string })[],
): Template & { name: string; locale: string } {
  const wanted = localesFor(locale);
  for (const each of wanted) {
    const template = own.find((row) => row.locale === each) ?? builtIn(name, channel, each);
    if (template) return { subject: template.subject, body: template.body, html: template.html, name, locale: each };
  }
  throw NotificationError.unknownTemplate({
    errors: [{ field: 'template', message: `${name} has no text for ${channel} in ${wanted.join(' or ')}` }],
  });
}
