import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { canonicalEmail, ChannelDirectory, readRecipient, type Recipient } from '@app/notifications';
import { type PersonCaller, RequestContext } from '@app/platform';
import { type CompanyPolicy, TenantsService } from '@app/tenants';
import { EnrolledFactor, openState } from '../enrolled-factor.entity.js';
import type { Factor } from '../factor.js';
import { FactorRegistry } from '../factor-registry.js';
import { MfaError } from '../mfa.errors.js';
import { MfaService } from '../mfa.service.js';
import { recipientMac } from '../verifications/verification.entity.js';
import { newContactLink } from './contact-link.js';
import { FactorCodes, type SentCode } from './factor-codes.service.js';

export interface Wanted {
  recipient?: string | undefined;
  label?: string | undefined;
  /** None: the person's own. */
  locale?: string | undefined;
  /** How the request names the recipient. */
  field?: string;
}

/** Factors whose codes are sent: how one is set up, and how its code is asked for. Answers go where every factor's go. */
@Injectable()
export class DeliveredFactors {
  constructor(
    private readonly context: RequestContext,
    private readonly tenants: TenantsService,
    private readonly channels: ChannelDirectory,
    private readonly factors: FactorRegistry,
    private readonly mfa: MfaService,
    private readonly codes: FactorCodes,
    private readonly audit: AuditService,
  ) {}

  /** Sends the first code; or, where nobody knows yet where to, shows the link that tells. @throws mfa.*, notifications.*, verification.blocked */
  async start(
    caller: PersonCaller,
    type: string,
    { recipient, label, locale = caller.locale ?? 'en', field = 'recipient' }: Wanted,
  ): Promise<{ factorId: string } & ByCodeOrLink> {
    const factor = this.factors.get(type);
    const channel = factor.channel!;
    const tenantId = this.context.tenantId!;
    const { policy } = await this.context.transaction((em) => this.tenants.profile(em));
    this.mfa.requireAllowed(policy, type);
    if (recipient === undefined && channel === 'telegram') return this.startByLink(caller, type, label, locale);

    const { address, masked } = recipientOf(caller, factor, recipient, policy, field);
    await this.channels.require([{ channel }]);
    const { factorId } = await this.mfa.enroll(caller.id, subjectOf(caller), type, {
      label,
      input: { recipient: address, locale },
      recipient: { masked, mac: recipientMac(tenantId, address) },
    });
    const sent = await this.codes.send({ userId: caller.id, factorId, channel, to: address, locale, policy, ip: this.audit.origin.ip });
    return { factorId, sent };
  }

  /** What the company allows and can send to, and whatever asks for no channel. */
  async offered(): Promise<{ type: string; recipient: 'phone_number' | 'link' | null }[]> {
    const { policy } = await this.context.transaction((em) => this.tenants.profile(em));
    const channels = new Map((await this.channels.open()).map(({ channel, byLink }) => [channel, byLink]));
    return this.factors.startable
      .map((type) => this.factors.get(type))
      .filter(({ type, channel }) => (policy.allowed_factors ?? [type]).includes(type) && (!channel || channels.has(channel)))
      .map(({ type, channel }) => ({
        type,
        recipient: !channel || channel === 'email' ? null : channels.get(channel) ? 'link' : 'phone_number',
      }));
  }

  /** A code for one of the caller's factors. @throws mfa.not_found for another person's, alike; mfa.no_challenge; whatever FactorCodes says */
  async challenge(caller: PersonCaller, which: { id: string } | { type: string }): Promise<SentCode> {
    const { row, policy } = await this.context.transaction(async (em) => {
      const rows = await em.find(EnrolledFactor, { ...which, userId: caller.id, disabledAt: null });
      const { policy } = await this.tenants.profile(em);
      // One that is being set up comes before the one it will replace.
      return { row: rows.find(({ confirmedAt }) => confirmedAt == null) ?? rows[0], policy };
    });
    const signInId = caller.kind === 'pending' && caller.purpose === 'verify' ? caller.signInId : undefined;
    if (!row || (signInId && row.confirmedAt == null)) throw MfaError.notFound();
    const factor = this.factors.get(row.type);
    if (!factor.channel) throw MfaError.noChallenge();
    const state = openState(row.tenantId, row.id, row.state) as { locale?: string };
    const to = factor.recipient!(state);
    if (to === undefined) throw MfaError.notReachable();
    return this.codes.send({
      userId: caller.id,
      factorId: row.id,
      channel: factor.channel,
      to,
      locale: state.locale ?? 'en',
      policy,
      signInId,
      ip: this.audit.origin.ip,
    });
  }

  private async startByLink(caller: PersonCaller, type: string, label: string | undefined, locale: string) {
    const { token, link } = newContactLink(this.context.tenantId!, caller.id, new Date());
    const deepLink = await this.channels.contactLink('telegram', token);
    const { factorId } = await this.mfa.enroll(caller.id, subjectOf(caller), type, { label, input: { locale, link } });
    return { factorId, deepLink, until: new Date(link.until) };
  }
}

type ByCodeOrLink = { sent: SentCode; deepLink?: never; until?: never } | { deepLink: string; until: Date; sent?: never };

const subjectOf = ({ email, companyName }: PersonCaller) => ({ account: email, issuer: companyName });

/** @throws notifications.invalid_recipient, notifications.recipient_refused, mfa.own_address_only */
function recipientOf(
  { email }: PersonCaller,
  { channel }: Factor,
  recipient: string | undefined,
  { default_region: region, allowed_countries: allowedCountries }: CompanyPolicy,
  field: string,
): Recipient {
  const reach = { region, allowedCountries, field };
  if (channel === 'email') {
    const own = readRecipient('email', recipient ?? email, reach);
    if (own.address !== canonicalEmail(email))
      throw MfaError.ownAddressOnly({ errors: [{ field, message: 'must be the address of your account, or be left out' }] });
    return own;
  }
  // On Telegram, too, a number is a number here: the id of a chat is told by the chat itself, and by nobody else.
  return readRecipient(channel === 'telegram' ? 'sms' : channel!, recipient ?? '', reach);
}
