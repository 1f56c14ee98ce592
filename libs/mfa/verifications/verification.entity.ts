import { defineEntity, p } from '@mikro-orm/core';
import { mac, statement, tenantOwned } from '@app/platform';
import type { Channel } from '@app/notifications';

export const VERIFICATION_STATUSES = ['pending', 'approved', 'expired', 'max_attempts_reached', 'canceled'] as const;
export type VerificationStatus = (typeof VERIFICATION_STATUSES)[number];

/** One way to the person, tried in the order of the workflow. */
export interface Step {
  channel: Channel;
  /** Sealed. */
  to: string;
  masked: string;
  /** What caps count by. */
  mac: string;
  country: string | null;
  prefix: string | null;
  /** The one provider to use, when the request named one. */
  provider: string | null;
}

const schema = defineEntity({
  name: 'Verification',
  tableName: 'verification',
  ...tenantOwned({
    purpose: p.string().$type<'api' | 'factor'>(),
    applicationId: p.uuid().nullable(),
    userId: p.uuid().nullable(),
    factorId: p.uuid().nullable(),
    signInId: p.uuid().nullable(),
    subject: p.text(),
    codeMac: p.blob(),
    /** Sealed; null once nothing may be sent any more. */
    code: p.text().nullable(),
    workflow: p.json<Step[]>(),
    step: p.integer().default(0),
    status: p.string().$type<VerificationStatus>(),
    attempts: p.integer().default(0),
    sends: p.integer().default(1),
    locale: p.text(),
    reference: p.text().nullable(),
    /** Where the newest code to a subject is the one that counts: how it was asked for. */
    slot: p.text().nullable(),
    channelTimeout: p.integer(),
    resendAfter: p.datetime(),
    escalateAt: p.datetime().nullable(),
    expiresAt: p.datetime(),
    endedAt: p.datetime().nullable(),
  }),
});

/** A code to one person: its MAC, its attempts, its way there. Written by the database's functions alone. */
export class Verification extends schema.class {
  /** What is stored says pending until somebody looks; the clock knows better. */
  statusAt(now: Date): VerificationStatus {
    return this.status === 'pending' && this.expiresAt <= now ? 'expired' : this.status;
  }
}
schema.setClass(Verification);

/** Good for this verification and no other. */
export const codeMac = (tenantId: string, verificationId: string, code: string) =>
  mac('verification-code', tenantId, '|', verificationId, '|', code);

/** Names a recipient in counters without telling who it is. */
export const recipientMac = (tenantId: string, address: string) => mac('recipient', tenantId, '|', address).subarray(0, 16).toString('hex');

export interface CreatedVerification {
  outcome: 'created' | 'repeated' | 'conflict' | 'blocked';
  rule: string | null;
  response: { id: string; expires_at: string; resend_after: string; step: number } | null;
}
export interface SentAgain {
  outcome: 'sent' | 'gone' | 'over' | 'too_early' | 'too_many' | 'no_more_steps' | 'blocked';
  rule: string | null;
  status: VerificationStatus | null;
  seconds: number | null;
}

export const CREATE_VERIFICATION = statement<CreatedVerification>(
  'verification_create',
  'select * from app.verification_create($1, $2, $3, $4, $5, $6)',
);
export const CREATE_IN_SLOT = statement<CreatedVerification>(
  'verification_create_in_slot',
  'select * from app.verification_create_in_slot($1, $2, $3, $4, $5)',
);
export const CHECK_VERIFICATION = statement<{
  status: VerificationStatus | 'gone' | 'blocked';
  valid: boolean;
  retry_after: number | null;
  /** Of the step it stands at, once right. */
  channel: Step['channel'] | null;
}>('verification_check', 'select * from app.verification_check($1, $2, $3, $4, $5)');
export const SEND_AGAIN = statement<SentAgain>(
  'verification_send_again',
  'select * from app.verification_send_again($1, $2, $3, $4, $5, $6, $7, $8, $9)',
);
export const CANCEL_VERIFICATION = statement<{ outcome: VerificationStatus | 'gone' }>(
  'verification_cancel',
  'select app.verification_cancel($1, $2, $3, $4) as outcome',
);
