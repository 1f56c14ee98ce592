import { defineEntity, p } from '@mikro-orm/core';
import { tenantOwned } from '@app/platform';

const schema = defineEntity({
  name: 'IdentityLink',
  tableName: 'identity_link',
  ...tenantOwned({
    userId: p.uuid(),
    issuer: p.text(),
    subject: p.text(),
    /** As the issuer had it then: to be shown. */
    email: p.text().nullable(),
    lastUsedAt: p.datetime().nullable(),
  }),
});

/** Who a person is elsewhere: an issuer, and its own name for them. */
export class IdentityLink extends schema.class {}
schema.setClass(IdentityLink);
