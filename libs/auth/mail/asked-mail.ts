import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { canonicalEmail, DueRelay, DueSignal } from '@app/notifications';
import { HotStatements, NO_TENANT, RequestContext, seal, signDue, signLookup, signMail, statement, unseal } from '@app/platform';
import { canonicalDomain, TenantsService } from '@app/tenants';
import { User } from '../user.entity.js';
import { AccountLinks } from './account-links.service.js';
import { mayChoosePassword } from './recovery.service.js';

export type AskedPurpose = 'verify_email' | 'reset_password';

interface Asked {
  purpose: AskedPurpose;
  email: string;
  hint: string | null;
  origin: { ip?: string; user_agent?: string; request_id?: string };
}

const ASK = statement<void>('mail_ask', 'select app.mail_ask($1, $2, $3, $4, $5, $6)');
const ASKED = statement<Asked>('mail_asked', 'select * from app.mail_asked($1, $2)');
const PEOPLE = statement<{ tenant_id: string; user_id: string }>('people_with', 'select * from app.people_with($1, $2, $3)');
export const DUE_DONE = statement<void>('due_done', 'select app.due_done($1, $2, $3)');

const place = (id: string) => ({ tenant: NO_TENANT, row: id, purpose: 'asked-mail' });

/** What anybody may ask for an e-mail. Nothing is looked up before it is answered, so that the answer and its time tell nothing. */
@Injectable()
export class AskForMail {
  constructor(
    private readonly statements: HotStatements,
    private readonly audit: AuditService,
    private readonly signal: DueSignal,
  ) {}

  async ask(purpose: AskedPurpose, email: string, companyHint?: string): Promise<void> {
    const id = uuidv7();
    const hint = companyHint ? (canonicalDomain(companyHint) ?? companyHint.trim().toLowerCase()) : null;
    await this.statements.run(ASK, [signMail(id), id, purpose, seal(canonicalEmail(email), place(id)), hint, this.audit.origin]);
    this.signal.wake();
  }
}

/** In the worker: whoever has the address is written to, once for each company that knows it. */
@Injectable()
export class AskedMail {
  constructor(
    relay: DueRelay,
    private readonly statements: HotStatements,
    private readonly context: RequestContext,
    private readonly links: AccountLinks,
    private readonly tenants: TenantsService,
    private readonly audit: AuditService,
  ) {
    relay.on('asked', (id) => this.answer(id));
  }

  private async answer(id: string): Promise<boolean> {
    const [asked] = await this.statements.run(ASKED, [signDue(), id]);
    if (asked) {
      const email = unseal(asked.email, place(id));
      for (const { tenant_id, user_id } of await this.statements.run(PEOPLE, [email, asked.hint, signLookup(email)]))
        await this.write(tenant_id, user_id, asked);
    }
    await this.statements.run(DUE_DONE, [signDue(), id, 'asked']);
    return asked !== undefined;
  }

  private write(tenantId: string, userId: string, { purpose, origin }: Asked): Promise<void> {
    const { ip, user_agent: userAgent, request_id: requestId } = origin;
    return this.context.runAs(
      tenantId,
      () =>
        this.context.transaction(async (em) => {
          const user = await em.findOne(User, { id: userId, isActive: true }, { populate: ['passwordHash'] });
          if (!user || (purpose === 'verify_email' && user.emailVerifiedAt != null)) return;
          if (purpose === 'reset_password' && !(await mayChoosePassword(em, user, (await this.tenants.profile(em)).policy))) return;
          const sent = await this.links.send(em, { purpose, email: user.email, locale: user.locale ?? null, userId });
          if (sent && purpose === 'reset_password')
            this.audit.record('auth.password_reset_asked', { actorType: 'anonymous', actorId: null, targetId: userId });
        }),
      { ip, userAgent, requestId },
    );
  }
}
