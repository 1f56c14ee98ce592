import { z } from 'zod';
import { moment, pageOf, pageQuery } from '@app/platform';

const at = z.iso.datetime({ offset: true }).max(40);

export const auditQuery = pageQuery.extend({
  action: z.string().max(100).optional().describe('only this action, such as auth.signed_in'),
  except: z.string().max(100).optional().describe('all but this action, such as auth.session_refreshed'),
  actor_id: z.uuid().optional().describe('only what this person did'),
  from: moment.optional().describe('at or after this time'),
  to: moment.optional().describe('before this time'),
});
export type AuditQuery = z.output<typeof auditQuery>;

export const auditEvent = z
  .object({
    id: z.uuid(),
    company_id: z.uuid(),
    at,
    action: z.string(),
    outcome: z.enum(['success', 'failure']),
    actor_type: z.enum(['user', 'application', 'system', 'anonymous']),
    actor_id: z.uuid().nullable(),
    session_id: z.uuid().nullable(),
    target_id: z.uuid().nullable(),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    request_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
    seq: z.number().int().nullable().describe('place in the chain; null for the second until it is sealed'),
    hash: z.string().nullable().describe('SHA-256 in hex'),
    erased: z.array(z.enum(['origin', 'details'])).describe('what of it went when a person was erased; the chain still verifies'),
  })
  .meta({ id: 'AuditEvent' });

export const auditPage = pageOf(auditEvent).meta({ id: 'AuditPage' });

export const auditHeads = z
  .object({
    data: z.array(
      z.object({
        type: z.literal('head'),
        company_id: z.uuid(),
        seq: z.number().int(),
        hash: z.string(),
        signed_at: z.string(),
        kid: z.string(),
        signature: z.string(),
      }),
    ),
  })
  .meta({ id: 'AuditHeads' });
