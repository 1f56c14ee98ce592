import { z } from 'zod';
import { user } from '../users.contract.js';

const time = z.string();
const timeOrNull = z.string().nullable();

export const personExport = z
  .object({
    exported_at: time,
    profile: user.extend({
      former_emails: z.array(z.object({ email: z.string(), until: time })),
      password: z.string().nullable().describe('how the password is hashed; null: there is none'),
    }),
    sessions: z.array(
      z.object({
        id: z.uuid(),
        ip_address: z.string().nullable(),
        user_agent: z.string().nullable(),
        device_name: z.string().nullable(),
        amr: z.array(z.string()),
        created_at: time,
        last_seen_at: time,
        expires_at: time,
        revoked_at: timeOrNull,
        revoked_because: z.string().nullable(),
      }),
    ),
    sign_ins: z
      .array(z.object({ id: z.uuid(), device_name: z.string().nullable(), created_at: time, expires_at: time }))
      .describe('begun with the password; the second factor was due'),
    devices: z.array(
      z.object({
        id: z.uuid(),
        ip_address: z.string().nullable(),
        user_agent: z.string().nullable(),
        device_name: z.string().nullable(),
        created_at: time,
        last_used_at: timeOrNull,
        expires_at: time,
        revoked_at: timeOrNull,
      }),
    ),
    identities: z.array(
      z.object({
        id: z.uuid(),
        issuer: z.string(),
        subject: z.string(),
        email: z.string().nullable(),
        created_at: time,
        last_used_at: timeOrNull,
      }),
    ),
    links: z
      .array(z.object({ id: z.uuid(), purpose: z.string(), email: z.string(), created_at: time, expires_at: time, used_at: timeOrNull }))
      .describe('links by e-mail, and invitations to the address'),
    factors: z.array(
      z.object({
        id: z.uuid(),
        type: z.string(),
        label: z.string().nullable(),
        recipient_masked: z.string().nullable(),
        synced: z.boolean().optional().describe('of a passkey: whether it is backed up, and so on other devices, too'),
        created_at: time,
        confirmed_at: timeOrNull,
        disabled_at: timeOrNull,
        last_used_at: timeOrNull,
      }),
    ),
    verifications: z
      .array(
        z.object({
          id: z.uuid(),
          purpose: z.string(),
          status: z.string(),
          workflow: z.array(z.object({ channel: z.string(), recipient_masked: z.string() })),
          locale: z.string(),
          reference: z.string().nullable(),
          created_at: time,
          ended_at: timeOrNull,
        }),
      )
      .describe('codes sent to this person, or to an address of theirs'),
    messages: z
      .array(
        z.object({
          id: z.uuid(),
          verification_id: z.uuid().nullable(),
          channel: z.string(),
          recipient_masked: z.string(),
          template: z.string(),
          locale: z.string(),
          status: z.string(),
          reference: z.string().nullable(),
          created_at: time,
          ended_at: timeOrNull,
        }),
      )
      .describe('what was sent: codes, and plain messages'),
    api_keys: z
      .array(z.object({ id: z.uuid(), name: z.string(), created_at: time }))
      .describe('made by this person; they belong to the company'),
    audit_events: z.array(
      z.object({
        id: z.uuid(),
        at: time,
        action: z.string(),
        outcome: z.string(),
        actor_type: z.string(),
        actor_id: z.uuid().nullable(),
        session_id: z.uuid().nullable(),
        target_id: z.uuid().nullable(),
        ip_address: z.string().nullable(),
        user_agent: z.string().nullable(),
        request_id: z.string().nullable(),
        details: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .meta({ id: 'PersonExport' });

export const erased = z
  .object({
    sessions: z.number().int(),
    factors: z.number().int(),
    verifications: z.number().int(),
    messages: z.number().int().describe('that were no codes'),
    audit_events: z.number().int().describe('of which the personal part is gone; the chain still verifies'),
  })
  .meta({ id: 'Erased' });
export type Erased = z.output<typeof erased>;
