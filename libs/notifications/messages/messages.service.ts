import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { HotStatements, idempotencyKey, mac, RequestContext, signTenant, statement, Traced, tracing } from '@app/platform';
import { type CompanyPolicy, policyOf } from '@app/tenants';
import type { Channel } from '../channel.js';
import { ChannelDirectory } from '../channels/channel-directory.js';
import { DueSignal } from '../due-signal.js';
import { type Payload, sealPayload, sealRecipient } from '../message-composer.js';
import { NotificationError } from '../notifications.errors.js';
import { ProviderRegistry } from '../provider-registry.js';
import { readRecipient } from '../recipients.js';
import { logHeldBack, sendLimits } from '../send-limits.js';
import { ACCOUNT } from '../templates/built-in.js';
import { smsSize } from '../templates/render-message.js';
import { TemplatesService } from '../templates/templates.service.js';
import { readVariables } from '../templates/variables.js';
import type { SendMessage } from './messages.contract.js';

/** A message that is not a code is worth sending for this long. */
const SECONDS = 24 * 3600;
const RAW = 'raw';

const CREATE = statement<{
  outcome: 'created' | 'repeated' | 'conflict' | 'blocked';
  rule: string | null;
  response: { id: string } | null;
}>('message_create', 'select * from app.message_create($1, $2, $3, $4, $5, $6)');

/** Messages that are no codes: from a company's template, or in words of its own. */
@Injectable()
export class MessagesService {
  constructor(
    private readonly statements: HotStatements,
    private readonly context: RequestContext,
    private readonly audit: AuditService,
    private readonly channels: ChannelDirectory,
    private readonly providers: ProviderRegistry,
    private readonly templates: TemplatesService,
    private readonly signal: DueSignal,
  ) {}

  /** @throws notifications.* */
  @Traced('message.send')
  async send(request: SendMessage, policy: unknown, companyName: string, key?: string): Promise<{ id: string }> {
    const { channel, recipient, template, message, locale, provider, reference } = request;
    if (template?.startsWith(ACCOUNT))
      throw NotificationError.unknownTemplate({ errors: [{ field: 'template', message: 'is ours to send' }] });
    const variables = readVariables(request.variables ?? {});
    if (provider !== undefined) this.channels.requireProvider(provider, channel, 'provider');
    const company = policyOf(policy);
    // What a template needs is told now, not when it is sent.
    const text =
      message ??
      (
        await this.context.transaction((em) =>
          this.templates.render(em, { name: template!, channel, locale, variables, company: { name: companyName, policy: company } }),
        )
      ).text;
    return this.queue({
      channel,
      to: recipient,
      policy: company,
      template: template ?? RAW,
      payload: message === undefined ? { variables } : { text: message },
      // Each segment is paid for.
      units: channel === 'sms' ? smsSize(text).segments : 1,
      locale: locale,
      provider,
      reference,
      field: 'recipient',
      key: key === undefined ? null : idempotencyKey(key, request),
    });
  }

  /** One message through one provider, to see whether its settings work. */
  async test(provider: string, to: string, channel: Channel | undefined, policy: unknown, companyName: string): Promise<{ id: string }> {
    const by = channel ?? this.providers.get(provider).channels[0]!;
    this.channels.requireProvider(provider, by, 'channel');
    return this.queue({
      channel: by,
      to,
      policy: policyOf(policy),
      template: RAW,
      payload: { text: `${companyName}: this is a test of ${provider}.` },
      locale: 'en',
      provider,
      field: 'to',
      key: null,
    });
  }

  private async queue(wanted: {
    channel: Channel;
    to: string;
    policy: CompanyPolicy;
    template: string;
    payload: Payload;
    units?: number;
    locale: string;
    provider?: string | undefined;
    reference?: string | undefined;
    field: string;
    key: { key: string; body: string } | null;
  }): Promise<{ id: string }> {
    const { channel, to, policy, template, payload, units = 1, locale, provider, reference, field, key } = wanted;
    const tenantId = this.context.tenantId!;
    const id = uuidv7();
    const { address, masked, country, prefix } = readRecipient(channel, to, {
      region: policy.default_region,
      allowedCountries: policy.allowed_countries,
      field,
    });
    await this.channels.require([{ channel, provider }]);
    const { type, id: actorId } = this.context.actor;
    const { outcome, rule, response } = await this.statements.one(CREATE, [
      signTenant(tenantId),
      {
        id,
        to: {
          channel,
          to: sealRecipient(tenantId, id, address),
          masked,
          mac: mac('recipient', tenantId, '|', address).subarray(0, 16).toString('hex'),
          country,
          // Counted apart from codes: a plain message never comes back, and must not look like a code that did not.
          prefix: prefix && `message ${prefix}`,
          provider: provider ?? null,
        },
        template,
        locale,
        payload: sealPayload(tenantId, id, payload),
        units,
        reference: reference ?? null,
        seconds: SECONDS,
      },
      key && { caller: actorId, ...key },
      { type, id: actorId, session: this.context.sessionId ?? null },
      { ...this.audit.origin, trace: tracing()?.traceparent() },
      sendLimits(),
    ]);
    if (rule) logHeldBack(rule, { company: tenantId, delivery: id });
    if (outcome === 'conflict') throw NotificationError.idempotencyConflict();
    if (outcome === 'blocked')
      throw NotificationError.tooManyMessages({ detail: `Rule "${rule}" does not let this message out now.`, retryAfter: 600 });
    if (outcome === 'created') this.signal.wake();
    return { id: response!.id };
  }
}
