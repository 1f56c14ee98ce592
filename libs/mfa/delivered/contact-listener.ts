import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { type ContactEvent, Contacts, readRecipient } from '@app/notifications';
import { AppError, log, RequestContext } from '@app/platform';
import { TenantsService } from '@app/tenants';
import { EnrolledFactor, openState, sealState } from '../enrolled-factor.entity.js';
import type { OneTimeCodeState } from '../factors/one-time-code/one-time-code.factor.js';
import { recipientMac } from '../verifications/verification.entity.js';
import { opens, userOfContact } from './contact-link.js';
import { FactorCodes } from './factor-codes.service.js';

const TYPE = 'telegram';

/** Somebody came to a company's bot by the link that their new factor showed: now it is known where to send codes, and the first one goes there. */
@Injectable()
export class ContactListener {
  constructor(
    contacts: Contacts,
    private readonly context: RequestContext,
    private readonly tenants: TenantsService,
    private readonly codes: FactorCodes,
    private readonly audit: AuditService,
  ) {
    contacts.on((tenantId, _provider, event) => (event.type === 'contact' ? this.connect(tenantId, event) : Promise.resolve()));
  }

  private async connect(tenantId: string, { token, address }: Extract<ContactEvent, { type: 'contact' }>): Promise<void> {
    const userId = userOfContact(token);
    const found = userId && (await this.take(tenantId, userId, token, address));
    if (!found) return;
    try {
      await this.codes.send({ ...found, userId, channel: TYPE, to: address });
    } catch (error) {
      // The vendor would tell us again, and the token is spent: the person asks for the code with mfa/challenge.
      if (!(error instanceof AppError)) throw error;
      log().warn({ company: tenantId, code: error.code }, 'somebody came by a link, and could not be sent a code');
    }
  }

  /** The token is spent by the factor's moving on: of several who bring it, one is taken. */
  private take(tenantId: string, userId: string, token: string, address: string) {
    return this.context.transaction(async (em) => {
      const row = await em.findOne(EnrolledFactor, { userId, type: TYPE, confirmedAt: null, disabledAt: null });
      if (!row) return undefined;
      const { link, locale } = openState(tenantId, row.id, row.state) as OneTimeCodeState;
      if (!link || !opens(tenantId, token, link, new Date())) return undefined;
      const { policy } = await this.tenants.profile(em);
      const { masked } = readRecipient(TYPE, address, { region: null, allowedCountries: null });
      const moved = await em.nativeUpdate(
        EnrolledFactor,
        { id: row.id, version: row.version, confirmedAt: null },
        {
          state: sealState(tenantId, row.id, { recipient: address, locale } satisfies OneTimeCodeState),
          version: row.version + 1,
          recipientMasked: masked,
          recipientMac: recipientMac(tenantId, address),
        },
      );
      if (moved === 0) return undefined;
      this.audit.record('mfa.contact_made', { actorId: userId, targetId: row.id, details: { type: TYPE } });
      return { factorId: row.id, locale, policy };
    });
  }
}
