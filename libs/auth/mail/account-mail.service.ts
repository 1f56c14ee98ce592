import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { DueSignal, logHeldBack, readRecipient, sealPayload, sealRecipient, sendLimits } from '@app/notifications';
import { mac, RequestContext, signTenant, tracing } from '@app/platform';

export interface AccountMessage {
  /** Of the message: a second one of the same id is none. */
  id: string;
  to: string;
  template: string;
  locale: string;
  variables: Record<string, string>;
  /** How long it is worth sending. */
  seconds: number;
  /** What it is capped with; null: what its owner must hear, however much else there is. */
  counted: 'account' | 'device' | null;
}

/** Mail about accounts, in the transaction that causes it. Whoever cannot be reached is not, and no request fails of that. */
@Injectable()
export class AccountMail {
  constructor(
    private readonly context: RequestContext,
    private readonly signal: DueSignal,
  ) {}

  /** False: a cap holds it back. */
  async send(em: EntityManager, { id, to, template, locale, variables, seconds, counted }: AccountMessage): Promise<boolean> {
    const tenantId = this.context.tenantId!;
    const { address, masked } = readRecipient('email', to, { region: null, allowedCountries: null });
    const message = {
      id,
      to: {
        to: sealRecipient(tenantId, id, address),
        masked,
        mac: mac('recipient', tenantId, '|', address).subarray(0, 16).toString('hex'),
      },
      template,
      locale,
      payload: sealPayload(tenantId, id, { variables }),
      seconds,
      counted,
    };
    const [{ rule }] = await em.execute<[{ rule: string | null }]>('select app.account_mail(?, ?, ?, ?) as rule', [
      signTenant(tenantId),
      JSON.stringify(message),
      JSON.stringify({ trace: tracing()?.traceparent() }),
      JSON.stringify(sendLimits()),
    ]);
    if (rule) {
      logHeldBack(rule, { company: tenantId, delivery: id });
      return false;
    }
    // Before the commit, most likely: workers that look too early find it by themselves a moment later.
    setImmediate(() => this.signal.wake());
    return true;
  }
}
