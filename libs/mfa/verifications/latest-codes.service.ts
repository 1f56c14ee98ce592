import { Injectable } from '@nestjs/common';
import { type Channel, readRecipient } from '@app/notifications';
import { AppError, RequestContext } from '@app/platform';
import { policyOf } from '@app/tenants';
import { openState } from '../enrolled-factor.entity.js';
import { FactorRegistry } from '../factor-registry.js';
import { MfaService } from '../mfa.service.js';
import { recipientMac, Verification } from './verification.entity.js';
import { type NewVerification, Verifications } from './verifications.service.js';

/** What a workflow holds. */
const MOST_STEPS = 5;
const MOST_SEEN = 20;

/** `over`: there is none, or it was spent, called off, guessed at too often, or its time is up. */
export type Looked = 'right' | 'wrong' | 'over';

/**
 * Codes for callers that keep no id and name a number or a person again: of those that one slot sent to it, the newest counts, once. A new code
 * brings no new patience: failures count for the number, or the person, over all of them.
 */
@Injectable()
export class LatestCodes {
  constructor(
    private readonly context: RequestContext,
    private readonly verifications: Verifications,
    private readonly factors: FactorRegistry,
    private readonly mfa: MfaService,
  ) {}

  /** @throws notifications.*, verification.blocked */
  async sendToNumber(slot: string, to: string, policy: unknown, { seconds, field }: { seconds: number; field: string }): Promise<void> {
    const steps = [{ channel: 'sms' as const, to, field }];
    await this.verifications.begin({ purpose: 'api', slot, steps, policy: policyOf(policy), locale: 'en', seconds });
  }

  /** @throws notifications.invalid_recipient, notifications.recipient_refused, verification.too_many_attempts */
  async checkNumber(slot: string, to: string, policy: unknown, code: string, field: string): Promise<Looked> {
    const { default_region: region, allowed_countries: allowedCountries } = policyOf(policy);
    const { address } = readRecipient('sms', to, { region, allowedCountries, field });
    return this.look(slot, recipientMac(this.context.tenantId!, address), code);
  }

  /**
   * To where the person has proved to be reachable, and nowhere else: their confirmed factors, one after the other until one delivers.
   * Undefined: there is none that could be sent to now. @throws verification.blocked
   */
  async sendToPerson(slot: string, userId: string, policy: unknown): Promise<Channel | undefined> {
    const company = policyOf(policy);
    const wanted = (steps: NewVerification['steps'], locale: string): NewVerification => ({
      purpose: 'api',
      slot,
      userId,
      steps,
      policy: company,
      locale,
    });
    const ways: { step: NewVerification['steps'][number]; locale: string }[] = [];
    for (const { id, tenantId, type, state, confirmedAt, disabledAt } of await this.mfa.list(userId)) {
      const factor = this.factors.get(type);
      if (!factor.channel || confirmedAt == null || disabledAt != null) continue;
      const { locale = 'en', ...opened } = openState(tenantId, id, state) as { locale?: string };
      const step = { channel: factor.channel, to: factor.recipient!(opened) ?? '', field: 'recipient' };
      if (await this.reaches(wanted([step], locale))) ways.push({ step, locale });
    }
    if (ways.length === 0) return undefined;
    const steps = ways.slice(0, MOST_STEPS).map(({ step }) => step);
    const sent = await this.verifications.begin(wanted(steps, ways[0]!.locale));
    return sent.steps[sent.step]!.channel;
  }

  /** @throws verification.too_many_attempts */
  checkPerson(slot: string, userId: string, code: string): Promise<Looked> {
    return this.look(slot, userId, code);
  }

  /** A vendor that is gone or a country that was shut out since closes one way, not all of them. */
  private async reaches(wanted: NewVerification): Promise<boolean> {
    try {
      await this.verifications.prepare(wanted);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.kind !== 'unavailable') return false;
      throw error;
    }
  }

  private async look(slot: string, subject: string, code: string): Promise<Looked> {
    const rows = await this.context.transaction((em) =>
      em.find(Verification, { slot, subject }, { orderBy: { id: 'desc' }, limit: MOST_SEEN, fields: ['status', 'expiresAt'] }),
    );
    // At most one is open. It need not have the newest id: of two that were asked for at once, ids are made before one waits for the other.
    const one = rows.find(({ status }) => status === 'pending') ?? rows[0];
    if (!one) return 'over';
    const wasOpen = one.status === 'pending' && one.expiresAt > new Date();
    const { valid } = await this.verifications.check(one.id, code);
    if (valid) return 'right';
    return wasOpen ? 'wrong' : 'over';
  }
}
