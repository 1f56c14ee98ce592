import { Injectable } from '@nestjs/common';
import { Contacts, ProviderRegistry } from '@app/notifications';
import { HotStatements, signTenant, statement } from '@app/platform';
import { recipientMac } from '../verifications/verification.entity.js';

const GONE = statement<{ ended: number }>('recipient_gone', 'select app.recipient_gone($1, $2, $3, $4) as ended');

/** A recipient that will never be reached again, whoever found out: a callback, or the process that sends. The factors that send there have ended. */
@Injectable()
export class GoneRecipients {
  constructor(contacts: Contacts, statements: HotStatements, providers: ProviderRegistry) {
    contacts.on(async (tenantId, provider, event) => {
      if (event.type !== 'gone') return;
      const channels = providers.find(provider)?.channels ?? [];
      await statements.one(GONE, [signTenant(tenantId), channels, recipientMac(tenantId, event.address), {}]);
    });
  }
}
