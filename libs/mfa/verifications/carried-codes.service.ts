import { Injectable } from '@nestjs/common';
import type { Channel } from '@app/notifications';
import { idempotencyKey } from '@app/platform';
import { policyOf } from '@app/tenants';
import { Verifications } from './verifications.service.js';

/** A code that another system made, sent to somebody and will check itself. */
export interface CarriedCode {
  channel: Channel;
  to: string;
  code: string;
  locale: string;
  /** At most 600. */
  seconds: number;
  reference?: string | undefined;
  /** The person's, where it is known. */
  ip?: string | undefined;
  /** How the request names the recipient. */
  field: string;
}

/** Codes of other systems, carried as ours are: template, caps, budget, failover, audit and timeline. */
@Injectable()
export class CarriedCodes {
  constructor(private readonly verifications: Verifications) {}

  /** @param key the same key and message again: nothing is sent. @throws notifications.*, verification.blocked, verification.idempotency_conflict */
  async carry({ channel, to, field, ...code }: CarriedCode, policy: unknown, key?: string): Promise<{ id: string }> {
    // Without the seconds that are left, which are fewer at each try.
    const about = { channel, to, code: code.code, locale: code.locale, reference: code.reference };
    return this.verifications.begin(
      { purpose: 'api', steps: [{ channel, to, field }], policy: policyOf(policy), checkedElsewhere: true, ...code },
      key === undefined ? null : idempotencyKey(key, about),
    );
  }
}
