import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { ChannelDirectory, DueSignal, logHeldBack, readRecipient, sealCode, sealRecipient, sendLimits } from '@app/notifications';
import { addressBlock, config, counter, HotStatements, idempotencyKey, RequestContext, signTenant, Traced, tracing } from '@app/platform';
import { type CompanyPolicy, policyOf } from '@app/tenants';
import * as entity from './verification.entity.js';
import { VerificationError } from './verification.errors.js';
import type { CreateVerification } from './verifications.contract.js';

/** What a verification is made of, whoever asks for it. */
export interface NewVerification {
  purpose: 'api' | 'factor';
  steps: { channel: entity.Step['channel']; to: string; provider?: string | undefined; field: string }[];
  policy: CompanyPolicy;
  locale: string;
  code?: string | undefined;
  codeLength?: number;
  seconds?: number;
  channelTimeout?: number;
  reference?: string | undefined;
  /** Of the person, where it is known. */
  ip?: string | undefined;
  userId?: string;
  factorId?: string;
  signInId?: string | undefined;
  /** For callers that keep no id: of this slot's codes to one subject, only the newest is good. Without Idempotency-Key. */
  slot?: string;
  /** Whoever made the code looks at the answer, too: it never comes back here, which says nothing of the number it went to. */
  checkedElsewhere?: boolean;
}

export interface CreatedHere {
  id: string;
  expiresAt: Date;
  resendAfter: Date;
  step: number;
  steps: entity.Step[];
}

const RULES: Record<string, string> = {
  conversion: 'too few codes come back from numbers like this one',
  number: 'too many messages to this recipient',
  account: 'too many messages for this person',
  ip: 'too many messages for this address',
  prefix: 'too many messages to numbers like this one',
};
export const blocked = (rule: string) =>
  VerificationError.blocked({ detail: `Rule "${rule}": ${RULES[rule] ?? 'not now'}.`, retryAfter: 600 });

const created = counter('verifications_created_total', 'Verifications, by the channel of their first message.', ['channel']);
const approved = counter('verifications_approved_total', 'Verifications whose code came back, by the channel of their last message.', [
  'channel',
]);

/** One code to one person, over the ways that the workflow names, until it comes back, runs out or is called off. */
@Injectable()
export class Verifications {
  constructor(
    private readonly statements: HotStatements,
    private readonly context: RequestContext,
    private readonly audit: AuditService,
    private readonly channels: ChannelDirectory,
    private readonly signal: DueSignal,
  ) {}

  /** @throws notifications.*, verification.blocked, verification.idempotency_conflict */
  async create(request: CreateVerification, policy: unknown, key?: string) {
    const steps = request.workflow
      ? request.workflow.map((step, at) => ({ ...step, field: `workflow.${at}.to` }))
      : [{ channel: request.channel!, to: request.to!, field: 'to' }];
    return this.begin(
      {
        purpose: 'api',
        steps,
        policy: policyOf(policy),
        locale: request.locale,
        code: request.code,
        codeLength: request.code_length,
        seconds: request.expires_in,
        channelTimeout: request.channel_timeout,
        reference: request.reference,
        ip: request.ip_address,
      },
      key === undefined ? null : idempotencyKey(key, request),
    );
  }

  /** A verification as the database takes it, with a code that nobody has seen. @throws notifications.* */
  async prepare(wanted: NewVerification) {
    const tenantId = this.context.tenantId!;
    const id = uuidv7();
    const steps = wanted.steps
      .map((step) => this.step(tenantId, id, step, wanted.policy))
      // Counted apart, as plain messages are: those that cannot come back must not look like those that did not.
      .map((step) => (wanted.checkedElsewhere ? { ...step, prefix: step.prefix && `elsewhere ${step.prefix}` } : step));
    await this.channels.require(steps);
    const code = wanted.code ?? randomCode(wanted.codeLength ?? 6);
    const actor = this.actor;
    const row = {
      id,
      purpose: wanted.purpose,
      application_id: actor.type === 'application' ? actor.id : null,
      user_id: wanted.userId ?? null,
      factor_id: wanted.factorId ?? null,
      sign_in_id: wanted.signInId ?? null,
      slot: wanted.slot ?? null,
      subject: wanted.userId ?? steps[0]!.mac,
      code_mac: entity.codeMac(tenantId, id, code).toString('hex'),
      code: sealCode(tenantId, id, code),
      workflow: steps,
      locale: wanted.locale,
      reference: wanted.reference ?? null,
      channel_timeout: wanted.channelTimeout ?? 60,
      cooldown: config.RESEND_SECONDS,
      seconds: wanted.seconds ?? 300,
    };
    return { row, actor, origin: this.origin(wanted.ip) };
  }

  /** @throws notifications.*, verification.blocked, verification.idempotency_conflict */
  @Traced('verification.create')
  async begin(wanted: NewVerification, key: { key: string; body: string } | null = null): Promise<CreatedHere> {
    const { row, actor, origin } = await this.prepare(wanted);
    const tenant = signTenant(this.context.tenantId!);
    const { conversion, ...caps } = sendLimits();
    const limits = conversion && !wanted.checkedElsewhere ? { ...caps, conversion } : caps;
    const { outcome, rule, response } = await (wanted.slot
      ? this.statements.one(entity.CREATE_IN_SLOT, [tenant, row, actor, origin, limits])
      : this.statements.one(entity.CREATE_VERIFICATION, [tenant, row, key && { caller: actor.id, ...key }, actor, origin, limits]));
    if (rule) logHeldBack(rule, { company: this.context.tenantId!, verification: row.id });
    if (outcome === 'conflict') throw VerificationError.idempotencyConflict();
    if (outcome === 'blocked') throw blocked(rule!);
    const { id: given, expires_at, resend_after, step } = response!;
    if (outcome === 'created') {
      if (!wanted.checkedElsewhere) created(row.workflow[step]!.channel).inc();
      this.signal.wake();
    }
    return { id: given, expiresAt: new Date(expires_at), resendAfter: new Date(resend_after), step, steps: row.workflow };
  }

  /** @throws verification.not_found, verification.too_many_attempts */
  @Traced('verification.check')
  async check(id: string, code: string) {
    const tenantId = this.context.tenantId!;
    const { status, valid, retry_after, channel } = await this.statements.one(entity.CHECK_VERIFICATION, [
      signTenant(tenantId),
      id,
      entity.codeMac(tenantId, id, code),
      this.actor,
      this.audit.origin,
    ]);
    if (status === 'gone') throw VerificationError.notFound();
    if (status === 'blocked') throw VerificationError.tooManyAttempts({ retryAfter: retry_after ?? 60 });
    if (valid) approved(channel!).inc();
    return { id, status, valid };
  }

  /** The same code again, or by the next step. `userId`: whose factor's it must be. @throws verification.* */
  @Traced('verification.send_again')
  async sendAgain(id: string, what: 'resend' | 'next', userId?: string): Promise<void> {
    const { outcome, rule, status, seconds } = await this.statements.one(entity.SEND_AGAIN, [
      signTenant(this.context.tenantId!),
      id,
      userId ? 'factor' : 'api',
      userId ?? null,
      what,
      config.RESEND_SECONDS,
      this.actor,
      this.origin(),
      sendLimits(),
    ]);
    if (rule) logHeldBack(rule, { company: this.context.tenantId!, verification: id });
    switch (outcome) {
      case 'sent':
        return this.signal.wake();
      case 'gone':
        throw VerificationError.notFound();
      case 'over':
        throw VerificationError.over({ detail: `It is ${status}.` });
      case 'too_early':
        throw VerificationError.tooEarly({ retryAfter: seconds ?? 30 });
      case 'too_many':
        throw VerificationError.tooManySends({ retryAfter: 600 });
      case 'no_more_steps':
        throw VerificationError.noMoreSteps();
      case 'blocked':
        throw blocked(rule!);
    }
  }

  /** @throws verification.not_found, verification.over */
  async cancel(id: string): Promise<void> {
    const { outcome } = await this.statements.one(entity.CANCEL_VERIFICATION, [
      signTenant(this.context.tenantId!),
      id,
      this.actor,
      this.audit.origin,
    ]);
    if (outcome === 'gone') throw VerificationError.notFound();
    if (outcome !== 'canceled') throw VerificationError.over({ detail: `It is ${outcome}.` });
  }

  private step(
    tenantId: string,
    id: string,
    { channel, to, provider, field }: NewVerification['steps'][number],
    policy: CompanyPolicy,
  ): entity.Step {
    const { address, masked, country, prefix } = readRecipient(channel, to, {
      region: policy.default_region,
      allowedCountries: policy.allowed_countries,
      field,
    });
    if (provider !== undefined) this.channels.requireProvider(provider, channel, field.replace(/to$/, 'provider'));
    return {
      channel,
      to: sealRecipient(tenantId, id, address),
      masked,
      mac: entity.recipientMac(tenantId, address),
      country,
      prefix,
      provider: provider ?? null,
    };
  }

  private get actor() {
    const { type, id } = this.context.actor;
    return { type, id, session: this.context.sessionId ?? null };
  }

  private origin(ip?: string) {
    return { ...this.audit.origin, person_ip: ip === undefined ? null : addressBlock(ip), trace: tracing()?.traceparent() };
  }
}

/** Uniform over all codes of the length. */
const randomCode = (length: number) => Array.from({ length }, () => String(randomInt(10))).join('');
