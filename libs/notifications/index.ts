export { type Channel, CHANNELS, type OutboundMessage } from './channel.js';
