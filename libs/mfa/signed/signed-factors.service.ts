import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { mac, type PersonCaller, RequestContext } from '@app/platform';
import { TenantsService } from '@app/tenants';
import { EnrolledFactor, openState } from '../enrolled-factor.entity.js';
import { FactorRegistry } from '../factor-registry.js';
import { MfaError } from '../mfa.errors.js';
import { MfaService } from '../mfa.service.js';
import { type ChallengePlace, newChallenge } from './signed-challenge.js';

/** What the browser is to be given. */
export interface AskedToSign {
  factorId: string;
  webauthn: unknown;
  expiresAt: Date;
}

/** Factors whose answer is signed: how one is set up, and how an answer is asked for. Answers go where every factor's go. */
@Injectable()
export class SignedFactors {
  constructor(
    private readonly context: RequestContext,
    private readonly tenants: TenantsService,
    private readonly factors: FactorRegistry,
    private readonly mfa: MfaService,
  ) {}

  /** @throws mfa.not_allowed, mfa.too_many */
  async start(caller: PersonCaller, type: string, label: string | undefined): Promise<AskedToSign> {
    const { signs } = this.factors.signing;
    const [factorId, tenantId] = [uuidv7(), this.context.tenantId!];
    const { name, rows } = await this.read(caller.id, type);
    const challenge = newChallenge({ purpose: 'registration', tenantId, userId: caller.id, subject: factorId });
    const { reveal } = await this.mfa.enroll(caller.id, { account: caller.email, issuer: name }, type, {
      id: factorId,
      label,
      input: {
        challenge: challenge.text,
        handle: mac('person-handle', tenantId, '|', caller.id).toString('base64url'),
        exclude: rows
          .map(({ state }) => state)
          .filter((state) => signs.credentialOf(state) !== undefined)
          .map((state) => signs.described(state)),
      },
    });
    return { factorId, webauthn: reveal.webauthn, expiresAt: challenge.expiresAt };
  }

  /** For an answer of any of the person's factors of this type. @throws mfa.not_found where none is set up */
  async challenge(caller: PersonCaller, { id, type }: EnrolledFactor): Promise<AskedToSign> {
    const { rows } = await this.read(caller.id, type);
    const answerable = rows.filter(({ row }) => row.confirmedAt != null && row.disabledAt == null);
    if (!answerable.some(({ row }) => row.id === id)) throw MfaError.notFound();
    const challenge = newChallenge(this.placeOf(caller));
    const webauthn = await this.factors.signing.signs.ask(
      answerable.map(({ state }) => state),
      challenge.text,
    );
    return { factorId: id, webauthn, expiresAt: challenge.expiresAt };
  }

  private placeOf(caller: PersonCaller): ChallengePlace {
    const whose = { tenantId: this.context.tenantId!, userId: caller.id };
    if (caller.kind === 'user') return { ...whose, purpose: 'step_up', subject: caller.sessionId };
    if (caller.purpose !== 'verify') throw MfaError.notFound();
    return { ...whose, purpose: 'second_factor', subject: caller.signInId };
  }

  private read(userId: string, type: string) {
    return this.context.transaction(async (em) => {
      const rows = await em.find(EnrolledFactor, { userId, type }, { orderBy: { createdAt: 'asc' } });
      const { name, policy } = await this.tenants.profile(em);
      return {
        rows: rows.map((row) => ({ row, state: openState(row.tenantId, row.id, row.state) })),
        name: policy.sender_name ?? name,
      };
    });
  }
}
