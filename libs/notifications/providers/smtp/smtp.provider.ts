import { isIP } from 'node:net';
import { z } from 'zod';
import type { OutboundMessage } from '../../channel.js';
import { DeliveryError } from '../../delivery-error.js';
import { type Accepted, MessageProvider, type Transport } from '../../message-provider.js';
import { compose } from './mail.js';
import { SmtpSession } from './smtp-session.js';

const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

const settings = z
  .strictObject({
    host: z
      .string()
      .max(253)
      .refine((host) => HOST.test(host) || isIP(host) !== 0, 'must be a host name or an address')
      .describe('The mail server')
      .meta({ destination: true }),
    port: z.int().min(1).max(65_535).default(587).describe('587 with starttls, 465 with tls').meta({ destination: true }),
    security: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .describe('none only where the operator allows private destinations')
      .meta({ destination: true }),
    user: z.string().min(1).max(320).optional().describe('Who signs in; nobody when left out'),
    password: z.string().min(1).max(1024).optional().describe('The password that goes with user').meta({ secret: true }),
    from: z.email().max(254).describe("The sender's address; the name shown is the company's"),
    ca: z
      .string()
      .max(20_000)
      .regex(/^\s*-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=-]+-----END CERTIFICATE-----\s*$/, 'must be certificates in PEM')
      .optional()
      .describe('Certificates of a private authority that the server may be trusted by, in PEM')
      .meta({ destination: true }),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    message: 'user and password go together',
  });
export type SmtpSettings = z.output<typeof settings>;

/** Plain ASCII, one address, no display name: what cannot be read as anything else. */
const recipient = z.email().max(254);

/** Any mail server, one connection a message: a server that closes idle ones would make a healthy message look lost. */
export class SmtpProvider extends MessageProvider<typeof settings> {
  readonly id = 'smtp';
  readonly title = 'E-mail (SMTP)';
  readonly channels = ['email'] as const;
  readonly settings = settings;
  readonly reports = false;
  override readonly concurrency = 16;

  async send(message: OutboundMessage, settings: SmtpSettings, transport: Transport): Promise<Accepted> {
    if (!recipient.safeParse(message.to).success) throw new DeliveryError('definite', 'invalid_recipient');
    const mail = await compose(message, settings.from);
    const session = await SmtpSession.open(settings, transport);
    try {
      // The envelope is ours alone: nothing in the message decides who gets it.
      await session.deliver({ from: settings.from, to: [message.to] }, mail.bytes);
    } finally {
      session.close();
    }
    return { providerMessageId: mail.messageId };
  }

  /** Connects and signs in; sends nothing. */
  override async install(settings: SmtpSettings, _callbackUrl: string, transport: Transport): Promise<void> {
    const session = await SmtpSession.open(settings, transport);
    session.close();
  }
}
