/** Ways to a person. A provider is a vendor that serves one or more of them. */
export const CHANNELS = ['sms', 'voice', 'email', 'telegram'] as const;
export type Channel = (typeof CHANNELS)[number];
export const byChannel = <T>(value: (channel: Channel) => T) =>
  Object.fromEntries(CHANNELS.map((channel) => [channel, value(channel)])) as Record<Channel, T>;

/** One message to one person, ready to go out. */
export interface OutboundMessage {
  /** Ours, and the same over every callback: give it to the vendor as tag, reference or idempotency key. A UUID. */
  attemptId: string;
  channel: Channel;
  /** sms, voice: E.164 with `+`. email: an address. telegram: a chat id, or E.164 with `+`, as the provider's `byPhoneNumber` has it. */
  to: string;
  /** What is read or heard, code included. Plain text; for voice, the words to speak. */
  text: string;
  /** E-mail only. */
  subject?: string | undefined;
  html?: string | undefined;
  /** The code inside `text`, for vendors that write the words themselves or speak digits one by one. */
  code?: string | undefined;
  /** BCP 47, such as `en` or `es-MX`. */
  locale: string;
  /** What the person knows the sender by: the company's name. */
  brand: string;
  /** When the message is worth nothing any more. */
  expiresAt: Date;
  /** Where this vendor's callbacks about this message come: https, unguessable. */
  callbackUrl: string;
}
