import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { AuditService, PersonEvents } from '@app/audit';
import { FactorRecords } from '@app/mfa';
import { Delivery } from '@app/notifications';
import { RequestContext, type UserCaller } from '@app/platform';
import { ApiKeysService } from '@app/tenants';
import { UserError } from '../auth.errors.js';
import { schemeOf } from '../passwords/stored-hash.js';
import { AccountLink } from '../mail/account-link.entity.js';
import { IdentityLink } from '../outside/identity-link.entity.js';
import { Session } from '../session.entity.js';
import { TrustedDevice } from '../trusted-devices.js';
import { User } from '../user.entity.js';
import { viewOf } from '../users.service.js';
import { PersonTraces } from './person-traces.js';

const iso = (time: Date | null | undefined) => time?.toISOString() ?? null;

/** All that is kept of a person, without what proves them: for themselves, and for an administrator who is asked for it. */
@Injectable()
export class PersonExport {
  constructor(
    private readonly context: RequestContext,
    private readonly traces: PersonTraces,
    private readonly factors: FactorRecords,
    private readonly apiKeys: ApiKeysService,
    private readonly events: PersonEvents,
    private readonly audit: AuditService,
  ) {}

  /** JSON in pieces, because a trail may be long. @throws users.not_found, before the first of them */
  async of({ companyName }: UserCaller, id: string): Promise<AsyncGenerator<string>> {
    const tenant = this.context.tenant;
    const { head, events } = await this.context.transaction(async (em) => {
      const user = await em.findOne(User, { id }, { populate: ['passwordHash'] });
      if (!user) throw UserError.notFound();
      const { addresses, messages } = await this.traces.of(em, user);
      const records = await this.traces.records(em, id, addresses, messages);
      const head = await this.kept(em, user, companyName, records.verifications, messages);
      this.audit.record('users.exported', { targetId: id });
      return { head, events: records.events };
    });
    return written(head, this.events.read(tenant, events));
  }

  private async kept(em: EntityManager, user: User, companyName: string, verifications: string[], plain: Delivery[]) {
    const sessions = await em.find(Session, { userId: user.id }, { orderBy: { id: 'asc' } });
    const signIns = await em.execute<{ id: string; device_name: string | null; created_at: Date; expires_at: Date }[]>(
      'select id, device_name, created_at, expires_at from sign_in where user_id = ? order by id',
      [user.id],
    );
    const devices = await em.find(TrustedDevice, { userId: user.id }, { orderBy: { id: 'asc' } });
    const identities = await em.find(IdentityLink, { userId: user.id }, { orderBy: { id: 'asc' } });
    const links = await em.find(
      AccountLink,
      { $or: [{ userId: user.id }, { emailCanonical: user.emailCanonical }] },
      { orderBy: { id: 'asc' } },
    );
    const codes = await em.find(Delivery, { verificationId: { $in: verifications } }, { orderBy: { id: 'asc' } });
    return {
      exported_at: new Date().toISOString(),
      profile: {
        ...viewOf(user, companyName),
        former_emails: user.formerEmails,
        password: user.passwordHash ? schemeOf(user.passwordHash) : null,
      },
      sessions: sessions.map(sessionView),
      sign_ins: signIns.map((row) => ({
        id: row.id,
        device_name: row.device_name,
        created_at: new Date(row.created_at).toISOString(),
        expires_at: new Date(row.expires_at).toISOString(),
      })),
      devices: devices.map(deviceView),
      identities: identities.map(identityView),
      links: links.map(linkView),
      factors: await this.factors.factors(em, user.id),
      verifications: await this.factors.verifications(em, verifications),
      messages: [...codes, ...plain].toSorted((a, b) => a.id.localeCompare(b.id)).map(messageView),
      api_keys: await this.apiKeys.madeBy(em, user.id),
    };
  }
}

async function* written(head: object, slices: AsyncIterable<object[]>): AsyncGenerator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"audit_events":[`;
  let separator = '';
  for await (const slice of slices) {
    if (slice.length === 0) continue;
    yield separator + slice.map((event) => JSON.stringify(event)).join();
    separator = ',';
  }
  yield ']}';
}

const sessionView = (row: Session) => ({
  id: row.id,
  ip_address: row.ipAddress ?? null,
  user_agent: row.userAgent ?? null,
  device_name: row.deviceName ?? null,
  amr: row.amr,
  created_at: row.createdAt.toISOString(),
  last_seen_at: row.lastSeenAt.toISOString(),
  expires_at: row.expiresAt.toISOString(),
  revoked_at: iso(row.revokedAt),
  revoked_because: row.revokedBecause ?? null,
});

const deviceView = (row: TrustedDevice) => ({
  id: row.id,
  ip_address: row.ipAddress ?? null,
  user_agent: row.userAgent ?? null,
  device_name: row.deviceName ?? null,
  created_at: row.createdAt.toISOString(),
  last_used_at: iso(row.lastUsedAt),
  expires_at: row.expiresAt.toISOString(),
  revoked_at: iso(row.revokedAt),
});

const identityView = ({ id, issuer, subject, email, createdAt, lastUsedAt }: IdentityLink) => ({
  id,
  issuer,
  subject,
  email: email ?? null,
  created_at: createdAt.toISOString(),
  last_used_at: iso(lastUsedAt),
});

const linkView = ({ id, purpose, email, createdAt, expiresAt, usedAt }: AccountLink) => ({
  id,
  purpose,
  email,
  created_at: createdAt.toISOString(),
  expires_at: expiresAt.toISOString(),
  used_at: iso(usedAt),
});

const messageView = (row: Delivery) => ({
  id: row.id,
  verification_id: row.verificationId ?? null,
  channel: row.channel,
  recipient_masked: row.recipientMasked,
  template: row.template,
  locale: row.locale,
  status: row.status,
  reference: row.reference ?? null,
  created_at: row.createdAt.toISOString(),
  ended_at: iso(row.endedAt),
});
