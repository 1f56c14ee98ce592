import { defineEntity, p } from '@mikro-orm/core';
import { tenantOwned } from '@app/platform';

const schema = defineEntity({
  name: 'AuditEvent',
  tableName: 'audit_event',
  ...tenantOwned({
    action: p.string(),
    outcome: p.string(),
    actorType: p.string(),
    actorId: p.uuid().nullable(),
    sessionId: p.uuid().nullable(),
    targetId: p.uuid().nullable(),
    ipAddress: p.string().nullable(),
    userAgent: p.string().nullable(),
    requestId: p.string().nullable(),
    details: p.json<Record<string, unknown>>(),
  }),
});

/** Who did what, from where, and whether it was allowed. Written once, never changed. */
export class AuditEvent extends schema.class {}
schema.setClass(AuditEvent);
