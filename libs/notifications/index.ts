export { canonicalEmail, email } from './email-address.js';
export { locale, readLocale } from './locale.js';
export { type Reach, readRecipient, type Recipient } from './recipients.js';
export { type Channel, CHANNELS, type OutboundMessage } from './channel.js';
