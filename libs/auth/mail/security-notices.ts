import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { parse, stringify } from 'uuid';
import { emailFactorAddresses } from '@app/mfa';
import { canonicalEmail, DueRelay } from '@app/notifications';
import { HotStatements, RequestContext, signDue } from '@app/platform';
import { User } from '../user.entity.js';
import { AccountMail } from './account-mail.service.js';
import { DUE_DONE } from './asked-mail.js';
import { deviceOf } from '../device-name.js';

interface Event {
  action: string;
  actor_id: string | null;
  target_id: string | null;
  created_at: Date;
  user_agent: string | null;
  details: { user_id?: string; because?: string };
}

const TOLD: Record<string, { template: string; whom: (event: Event) => string | null | undefined }> = {
  'auth.password_changed': { template: 'account_password_changed', whom: ({ target_id }) => target_id },
  'auth.password_reset': { template: 'account_password_changed', whom: ({ target_id }) => target_id },
  'auth.new_device': { template: 'account_new_device', whom: ({ actor_id }) => actor_id },
  // An account that begins with it has nobody to be warned.
  'auth.identity_linked': {
    template: 'account_identity_linked',
    whom: ({ actor_id, details }) => (details.because === 'just_in_time' ? null : actor_id),
  },
  'mfa.factor_added': { template: 'account_factor_added', whom: ({ actor_id }) => actor_id },
  'mfa.factor_removed': { template: 'account_factor_removed', whom: ({ actor_id }) => actor_id },
  'mfa.factor_ended': { template: 'account_factor_removed', whom: ({ details }) => details.user_id },
  'mfa.disabled': { template: 'account_factor_removed', whom: ({ target_id }) => target_id },
  'mfa.reset': { template: 'account_factor_removed', whom: ({ target_id }) => target_id },
  'mfa.recovery_code_used': { template: 'account_recovery_code_used', whom: ({ actor_id }) => actor_id },
};
const SECONDS = 24 * 3600;

/** Tells people what changed in how their account is opened, at every address that is known to be theirs. NIST SP 800-63B-4 §4.6. */
@Injectable()
export class SecurityNotices {
  constructor(
    relay: DueRelay,
    private readonly statements: HotStatements,
    private readonly context: RequestContext,
    private readonly mail: AccountMail,
  ) {
    relay.on('notice', async (id, tenantId) => {
      await this.context.runAs(tenantId, () => this.context.transaction((em) => this.tell(em, id)));
      await this.statements.run(DUE_DONE, [signDue(), id, 'notice']);
      return true;
    });
  }

  private async tell(em: EntityManager, eventId: string): Promise<void> {
    const [event] = await em.execute<Event[]>(
      'select action, actor_id, target_id, created_at, user_agent, details from audit_event where id = ?',
      [eventId],
    );
    const told = event && TOLD[event.action];
    if (!told) return;
    const userId = told.whom(event);
    const user = userId ? await em.findOne(User, { id: userId }) : null;
    if (!user) return;
    const own = user.emailVerifiedAt != null ? [canonicalEmail(user.email)] : [];
    // Where the account was moved meanwhile, it is the address before that must hear of it.
    const before = user.formerEmails.filter(({ until }) => new Date(until) >= new Date(event.created_at)).map(({ email }) => email);
    const addresses = new Set([...own, ...before, ...(await emailFactorAddresses(em, user.id))]);
    for (const address of addresses)
      await this.mail.send(em, {
        id: noticeId(eventId, address),
        to: address,
        template: told.template,
        locale: user.locale ?? 'en',
        variables: { when: new Date(event.created_at).toISOString().slice(0, 16).replace('T', ' '), device: deviceOf(event.user_agent) },
        seconds: SECONDS,
        counted: event.action === 'auth.new_device' ? 'device' : null,
      });
  }
}

/** The same for the same event and address, so that whoever tries again says it once; in the order of time, as all ids. */
function noticeId(eventId: string, address: string): string {
  const bytes = Buffer.from(parse(eventId));
  createHash('sha256').update(eventId).update(address).digest().copy(bytes, 9, 0, 7);
  return stringify(bytes);
}
