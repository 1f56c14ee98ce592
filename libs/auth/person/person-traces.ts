import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { PersonEvent } from '@app/audit';
import { FactorRecords } from '@app/mfa';
import { canonicalEmail, type Delivery, SentMessages } from '@app/notifications';
import { RequestContext } from '@app/platform';
import { User } from '../user.entity.js';

/** Where a person's traces lie beside their account: what was sent to an address of theirs, whoever asked for it. */
@Injectable()
export class PersonTraces {
  constructor(
    private readonly context: RequestContext,
    private readonly factors: FactorRecords,
    private readonly messages: SentMessages,
  ) {}

  /** Part of a larger transaction. */
  async of(em: EntityManager, user: User): Promise<{ addresses: string[]; messages: Delivery[] }> {
    // The telephone number of a profile is whatever somebody wrote there: what was sent to it may be another's.
    const addresses = [canonicalEmail(user.email), ...(await this.former(em, user)), ...(await this.factors.addresses(em, user.id))];
    const unique = [...new Set(addresses)];
    return { addresses: unique, messages: await this.messages.to(em, unique) };
  }

  /** Addresses that were theirs, and are nobody else's now. */
  private async former(em: EntityManager, { id, formerEmails }: User): Promise<string[]> {
    const emails = formerEmails.map(({ email }) => email);
    const taken = await em.find(User, { emailCanonical: { $in: emails }, id: { $ne: id } }, { fields: ['emailCanonical'] });
    return emails.filter((email) => !taken.some(({ emailCanonical }) => emailCanonical === email));
  }

  macs = (addresses: readonly string[]) => this.factors.macs(this.context.tenantId!, addresses);

  /** Under ids: the verifications, and the events of the audit trail. Part of a larger transaction. */
  async records(em: EntityManager, id: string, addresses: readonly string[], messages: readonly Delivery[]) {
    const [row] = await em.execute<{ verifications: string[]; events: PersonEvent[] }[]>(
      `select to_json(r.verifications) as verifications, r.events from app.person_records(?, ?, string_to_array(?, ',')::text[], string_to_array(?, ',')::uuid[]) r`,
      [this.context.tenant, id, this.macs(addresses).join(','), messages.map((message) => message.id).join(',')],
    );
    return row!;
  }
}
