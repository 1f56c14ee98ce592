import MailComposer from 'nodemailer/lib/mail-composer';
import type { OutboundMessage } from '../../channel.js';

/** A header is one line, whatever a company calls itself. */
const oneLine = (text: string) => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();

/** The message as it goes over the line. The same attempt has the same Message-ID: a server or reader may tell a copy by it. */
export async function compose(message: OutboundMessage, from: string): Promise<{ messageId: string; bytes: Buffer }> {
  const messageId = `<${message.attemptId}@${from.slice(from.lastIndexOf('@') + 1)}>`;
  const mail = new MailComposer({
    messageId,
    // Objects, never text: text is parsed, and what is parsed can hold more than one address.
    from: { name: oneLine(message.brand), address: from },
    to: { name: '', address: message.to },
    subject: oneLine(message.subject ?? message.brand),
    text: message.text,
    html: message.html,
    headers: {
      // RFC 3834: holiday notices and the like are not wanted.
      'Auto-Submitted': 'auto-generated',
      'Content-Language': oneLine(message.locale),
    },
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return { messageId, bytes: await mail.compile().build() };
}
