import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { RequestContext, type UserCaller } from '@app/platform';
import { UserError } from '../auth.errors.js';
import { User } from '../user.entity.js';
import { UsersService } from '../users.service.js';
import type { Erased } from './person.contract.js';
import { PersonTraces } from './person-traces.js';

/** Forgets a person: what was theirs goes, and the audit trail keeps ids and no more (docs/decisions/0011-erasure.md). */
@Injectable()
export class Erasure {
  constructor(
    private readonly context: RequestContext,
    private readonly users: UsersService,
    private readonly traces: PersonTraces,
    private readonly audit: AuditService,
  ) {}

  /** Also of somebody who was deleted before, and only deleted. @throws users.not_found, users.not_yourself, users.last_admin */
  erase({ id: callerId, sessionId }: UserCaller, id: string): Promise<Erased> {
    return this.context.transaction(async (em) => {
      await this.users.leaving(em, callerId, id);
      const user = await em.findOne(User, { id });
      const { addresses, messages } = user ? await this.traces.of(em, user) : { addresses: [], messages: [] };
      const [row] = await em.execute<{ erased: Erased | null }[]>(
        `select app.person_erase(?, ?, string_to_array(?, ',')::text[], string_to_array(?, ',')::uuid[], ?, ?, ?::jsonb) as erased`,
        [
          this.context.tenant,
          id,
          this.traces.macs(addresses).join(','),
          messages.map((message) => message.id).join(','),
          callerId,
          sessionId,
          JSON.stringify(this.audit.origin),
        ],
      );
      if (!row!.erased) throw UserError.notFound();
      em.clear(); // what it read is gone
      return row!.erased;
    });
  }
}
