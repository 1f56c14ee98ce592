import { defineEntity, p } from '@mikro-orm/core';
import { tenantOwned } from '@app/platform';
import type { Channel } from '../channel.js';

const schema = defineEntity({
  name: 'MessageTemplate',
  tableName: 'message_template',
  ...tenantOwned({
    name: p.string(),
    channel: p.string().$type<Channel>(),
    locale: p.string(),
    subject: p.string().nullable(),
    body: p.text(),
    html: p.text().nullable(),
  }),
});

/** A company's own words for one message, over one channel, in one language. */
export class MessageTemplate extends schema.class {}
schema.setClass(MessageTemplate);
