import { Injectable } from '@nestjs/common';
import { Delivery, DeliveryAttempt, DeliveryReceipt, soughtAddresses } from '@app/notifications';
import { page, Patience, readCursor, RequestContext } from '@app/platform';
import { policyOf } from '@app/tenants';
import { recipientMac, Verification } from './verification.entity.js';
import { VerificationError } from './verification.errors.js';
import type { TimelineEntry, VerificationQuery } from './verifications.contract.js';

/** A company that looks for what is rarely there reads all it has. */
const PATIENCE_MS = 2_000;

interface Fact {
  created_at: string;
  action: string;
  outcome: string;
  details: Record<string, unknown>;
}

const nothing = {
  channel: null,
  provider: null,
  recipient_masked: null,
  outcome: null,
  reason: null,
  provider_message_id: null,
  details: {},
};
const text = (value: unknown) => (typeof value === 'string' ? value : null);

/** Answers "why did I not get my code?" from what was written down anyway: the audit trail, the attempts and the receipts. */
@Injectable()
export class VerificationReader {
  constructor(private readonly context: RequestContext) {}

  /** Newest first, by the primary key. @throws request.bad_cursor, request.invalid of a recipient, server.too_much */
  async list({ limit, cursor, ...wanted }: VerificationQuery, policy: unknown) {
    const tenantId = this.context.tenantId!;
    const before = readCursor('verifications', tenantId, cursor);
    const { text, values } = conditions(wanted, tenantId, policyOf(policy).default_region);
    return this.context.transaction(async (em) => {
      const found = await new Patience(em, PATIENCE_MS).read<{ id: string }>(
        `select id from verification where purpose = 'api' ${before ? 'and id < ?' : ''} ${text} order by id desc limit ${limit + 1}`,
        [...(before ? [before] : []), ...values],
      );
      const rows = await em.find(Verification, { id: { $in: found.map(({ id }) => id) } }, { orderBy: { id: 'desc' } });
      return page('verifications', tenantId, rows, limit, ({ id }) => id);
    });
  }

  /** @throws verification.not_found */
  async get(id: string) {
    return this.context.transaction(async (em) => {
      const row = await em.findOne(Verification, { id, purpose: 'api' });
      if (!row) throw VerificationError.notFound();
      return row;
    });
  }

  /** @throws verification.not_found */
  async timeline(id: string): Promise<{ row: Verification; entries: TimelineEntry[] }> {
    return this.context.transaction(async (em) => {
      const row = await em.findOne(Verification, { id, purpose: 'api' });
      if (!row) throw VerificationError.notFound();
      const deliveries = await em.find(Delivery, { verificationId: id }, { limit: 100, orderBy: { id: 'asc' } });
      const attempts = await em.find(
        DeliveryAttempt,
        { deliveryId: { $in: deliveries.map((one) => one.id) } },
        { limit: 500, orderBy: { id: 'asc' } },
      );
      const receipts = await em.find(
        DeliveryReceipt,
        { attemptId: { $in: attempts.map((one) => one.id) } },
        { limit: 500, orderBy: { id: 'asc' } },
      );
      const facts = await em.execute<Fact[]>(
        `select created_at, action, outcome, details from audit_event where target_id = ? and action like 'verification.%' order by id limit 500`,
        [id],
      );
      const channelOf = new Map(deliveries.map((one) => [one.id, one]));
      const providerOf = new Map(attempts.map((one) => [one.id, one]));
      const entries = [
        ...facts.map(told),
        ...attempts.flatMap((attempt) => tried(attempt, channelOf.get(attempt.deliveryId)!)),
        ...receipts.map((receipt) => received(receipt, channelOf.get(providerOf.get(receipt.attemptId!)!.deliveryId)!)),
      ].toSorted((a, b) => a.at.localeCompare(b.at));
      return { row, entries };
    });
  }
}

type Wanted = Omit<VerificationQuery, 'limit' | 'cursor'>;

/** A recipient is found by its MAC alone: the whole of it, at any step. */
function conditions({ status, channel, reference, recipient, from, to }: Wanted, tenantId: string, region: string | null) {
  const sought = recipient === undefined ? undefined : soughtAddresses(recipient, region, 'recipient');
  const each = Object.entries({
    // What is stored says pending until somebody looks.
    "case when status = 'pending' and expires_at <= now() then 'expired' else status end = ?": status,
    "workflow #>> array[step::text, 'channel'] = ?": channel,
    'reference = ?': reference,
    'created_at >= ?': from,
    'created_at < ?': to,
    "exists (select from jsonb_array_elements(workflow) e where e ->> 'mac' = any (string_to_array(?, ',')))": sought
      ?.map((address) => recipientMac(tenantId, address))
      .join(),
  }).filter(([, value]) => value !== undefined);
  return { text: each.map(([text]) => `and ${text}`).join(' '), values: each.map(([, value]) => value) };
}

function told({
  created_at,
  action,
  outcome,
  details: { channel, recipient, rule, because, reason, provider, ...details },
}: Fact): TimelineEntry {
  return {
    ...nothing,
    at: new Date(created_at).toISOString(),
    kind: action.slice('verification.'.length),
    channel: text(channel),
    provider: text(provider),
    recipient_masked: text(recipient),
    outcome,
    reason: text(rule) ?? text(because) ?? text(reason),
    details,
  };
}

function tried(attempt: DeliveryAttempt, { channel, recipientMasked }: Delivery): TimelineEntry[] {
  const about = { ...nothing, channel, provider: attempt.provider, recipient_masked: recipientMasked };
  return [
    { ...about, at: attempt.createdAt.toISOString(), kind: 'attempt', details: { attempt_id: attempt.id } },
    ...(attempt.endedAt
      ? [
          {
            ...about,
            at: attempt.endedAt.toISOString(),
            kind: 'attempt_ended',
            outcome: attempt.outcome ?? null,
            reason: attempt.reason ?? null,
            provider_message_id: attempt.providerMessageId ?? null,
            details: { attempt_id: attempt.id, vendor_code: attempt.vendorCode ?? null, cost: attempt.cost },
          },
        ]
      : []),
  ];
}

function received(
  { createdAt, provider, outcome, reason, providerMessageId, at, attemptId }: DeliveryReceipt,
  { channel, recipientMasked }: Delivery,
): TimelineEntry {
  return {
    at: createdAt.toISOString(),
    kind: 'receipt',
    channel,
    provider,
    recipient_masked: recipientMasked,
    outcome,
    reason: reason ?? null,
    provider_message_id: providerMessageId ?? null,
    details: { vendor_time: at.toISOString(), attempt_id: attemptId },
  };
}
