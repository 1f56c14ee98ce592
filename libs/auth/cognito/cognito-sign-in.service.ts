import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '@app/audit';
import { authenticatorView, MfaError, totpUri } from '@app/mfa';
import { AppError, config, HotStatements, type PendingCaller, RequestContext, signLookup, signTenant, Traced } from '@app/platform';
import { demandsFactor, TenantsService } from '@app/tenants';
import type { LoginRequest, NextStep, TokenResponse, VerifyMfaRequest } from '../auth.contract.js';
import { FEDERATED, OutsideSignInService } from '../outside/outside-sign-in.service.js';
import { IdentityError } from '../outside/outside.errors.js';
import { type KnownPerson, OutsidePeople } from '../outside/outside-people.service.js';
import { Passwords } from '../passwords.service.js';
import { SignInAnswers } from '../sign-in-answers.js';
import { type BegunSignIn, FORGO_SIGN_IN } from '../sign-in.entity.js';
import { counted } from '../sign-in-metrics.js';
import { User } from '../user.entity.js';
import { type CompanyPool, CognitoPools, POOL } from './cognito-pools.service.js';
import { problemOf, responsesOf } from './pool-answers.js';
import { attributesOf, BEGIN_STEP, CODES, END_STEP, MOVE_STEP, openStep, type PoolStep, sealStep, TAKE_STEP, waysOf } from './pool-step.js';
import { type PoolAnswer, type PoolChallenge, PoolRefusal, UserPools } from './user-pool.js';

/** Answers to one step: as many as to a second factor of ours. */
const MOST_ANSWERS = 5;
const SUPPORTED = [...Object.keys(CODES), 'SELECT_MFA_TYPE', 'NEW_PASSWORD_REQUIRED', 'MFA_SETUP'];

/** What is known of a sign-in, whatever the pool asks next. */
type Progress = Pick<PoolStep, 'address' | 'deviceName' | 'amr' | 'secondFactor' | 'newHash' | 'comparedHere' | 'username'>;
/** Where the step before was: none, or one that is left by exactly one answer. */
type Place = { flowId: string; version: number } | undefined;

/** A sign-in whose password is in a company's Cognito user pool: relayed there, and whatever the pool asks besides relayed back. */
@Injectable()
export class CognitoSignIn {
  constructor(
    private readonly context: RequestContext,
    private readonly statements: HotStatements,
    private readonly companyPools: CognitoPools,
    private readonly pools: UserPools,
    private readonly people: OutsidePeople,
    private readonly outside: OutsideSignInService,
    private readonly passwords: Passwords,
    private readonly tenants: TenantsService,
    private readonly answers: SignInAnswers,
    private readonly audit: AuditService,
  ) {}

  /**
   * Asks the company's pool for somebody whose attempt is counted already. Undefined: the pool does not take this password, or the person
   * is disabled here.
   * @throws identity.provider_unavailable, identity.not_admitted, identity.link_required, auth.email_not_verified
   */
  @Traced('sign_in.user_pool')
  signIn(
    found: Pick<BegunSignIn, 'tenant_id' | 'user_id'>,
    address: string,
    request: LoginRequest,
    comparedHere: boolean,
  ): Promise<TokenResponse | undefined> {
    const { email, password, totp_code, device_name } = request;
    return this.context.runAs(
      found.tenant_id!,
      async () => {
        const company = await this.companyPools.current();
        if (!company) return undefined; // forgotten a moment ago
        const progress = {
          address,
          deviceName: device_name ?? null,
          amr: [FEDERATED, 'pwd'],
          secondFactor: null,
          newHash: null,
          comparedHere,
          username: email,
        };
        try {
          const answer = await this.pools.signIn(company.pool, email, password);
          const kept = { ...progress, newHash: await this.kept(company, password) };
          const takesCode = totp_code !== undefined && 'challenge' in answer && answer.challenge.name === 'SOFTWARE_TOKEN_MFA';
          if (!takesCode) return await this.goOn(company, kept, answer, undefined);
          const { flowId } = await this.begin(company, kept, answer.challenge);
          return await this.answered(flowId, { code: totp_code });
        } catch (error) {
          if (!(error instanceof PoolRefusal) && !isDisabled(error)) throw error;
          if (error instanceof PoolRefusal) await this.refused(company, error.word, found.user_id);
          return undefined;
        }
      },
      this.context.origin,
    );
  }

  /** @throws mfa.wrong_code, mfa.too_many_attempts, mfa.sign_in_over, auth.weak_password, and what signIn throws */
  @Traced('sign_in.user_pool_step')
  answer({ signInId }: PendingCaller, request: VerifyMfaRequest): Promise<TokenResponse> {
    return counted('second_factor', this.answered(signInId, request));
  }

  private async answered(flowId: string, request: VerifyMfaRequest): Promise<TokenResponse> {
    const tenantId = this.context.tenantId!;
    const taken = await this.statements.one(TAKE_STEP, [signTenant(tenantId), flowId, MOST_ANSWERS]);
    if (taken.status === 'blocked') {
      await this.codeRefused('too_many_attempts');
      throw MfaError.tooManyAttempts({ retryAfter: taken.retry_after ?? 60 });
    }
    if (taken.status === 'gone') throw MfaError.signInOver();
    const company = await this.companyPools.current();
    if (company?.id !== taken.provider_id) throw MfaError.signInOver();
    const step = openStep(tenantId, flowId, taken.sealed);
    try {
      const answer = await this.relay(company, step, request);
      const newHash = request.new_password === undefined ? step.newHash : await this.kept(company, request.new_password);
      return await this.goOn(company, { ...step, ...provenBy(step), newHash }, answer, { flowId, version: taken.version });
    } catch (error) {
      if (isDisabled(error)) throw MfaError.signInOver();
      if (!(error instanceof PoolRefusal)) throw error;
      await this.codeRefused(error.word);
      throw problemOf(error);
    }
  }

  private async relay({ pool }: CompanyPool, step: PoolStep, request: VerifyMfaRequest): Promise<PoolAnswer> {
    const responses = responsesOf(step, request);
    if (step.name !== 'MFA_SETUP') return this.pools.answer(pool, step, responses);
    const { session } = await this.pools.confirmAuthenticator(pool, step.session, responses.code!);
    return this.pools.answer(pool, { ...step, session }, {});
  }

  private async goOn(company: CompanyPool, progress: Progress, answer: PoolAnswer, place: Place): Promise<TokenResponse> {
    if ('identity' in answer) {
      if (place) await this.leave(END_STEP, place, []);
      return this.finish(company, progress, answer);
    }
    const { flowId, secret, challenge, ways } = await this.begin(company, progress, answer.challenge, place);
    const due = { tenantId: company.tenantId, userId: flowId, signInId: flowId, firstAmr: progress.amr };
    return {
      ...this.answers.pending(due, 'outside'),
      factors: ways.map(({ id, name, masked }) => ({ id, type: CODES[name]!.type, label: null, recipient_masked: masked })),
      next_step: await this.described(challenge, secret, progress.address),
    };
  }

  /** Keeps what the pool asks now, and nothing of what it asked before. @throws PoolRefusal for what nobody here can answer, mfa.sign_in_over */
  private async begin({ tenantId, id, pool }: CompanyPool, progress: Progress, asked: PoolChallenge, place?: Place) {
    if (!SUPPORTED.includes(asked.name)) throw new PoolRefusal(`unsupported_${asked.name}`);
    const device = asked.name === 'MFA_SETUP' ? await this.pools.beginAuthenticator(pool, asked.session) : undefined;
    const challenge = { ...asked, session: device?.session ?? asked.session };
    const ways = waysOf(challenge);
    const flowId = place?.flowId ?? uuidv7();
    const sealed = sealStep(tenantId, flowId, { ...progress, ...challenge, ways });
    if (place) await this.leave(MOVE_STEP, place, [sealed, config.PENDING_SECONDS]);
    else await this.statements.run(BEGIN_STEP, [signTenant(tenantId), flowId, id, progress.address, sealed, config.PENDING_SECONDS]);
    return { flowId, secret: device?.secret, challenge, ways };
  }

  private async leave(
    statement: typeof MOVE_STEP | typeof END_STEP,
    { flowId, version }: NonNullable<Place>,
    more: unknown[],
  ): Promise<void> {
    const { done } = await this.statements.one(statement, [this.context.tenant, flowId, version, ...more]);
    if (!done) throw MfaError.signInOver();
  }

  private async described(challenge: PoolChallenge, secret: string | undefined, account: string): Promise<NextStep> {
    if (challenge.name === 'NEW_PASSWORD_REQUIRED') return { type: 'new_password', required_attributes: attributesOf(challenge) };
    if (challenge.name === 'SELECT_MFA_TYPE') return { type: 'choice' };
    if (secret === undefined) return { type: 'code' };
    const { name: issuer } = await this.context.transaction((em) => this.tenants.profile(em));
    return { type: 'authenticator_setup', authenticator: await authenticatorView(secret, totpUri(secret, { account, issuer })) };
  }

  private async finish(
    company: CompanyPool,
    progress: Progress,
    { identity }: Extract<PoolAnswer, { identity: unknown }>,
  ): Promise<TokenResponse> {
    const person = await this.people.find(identity, company).catch(async (error: unknown) => {
      if (error instanceof AppError) await this.refused(company, error.code);
      throw error;
    });
    const { amr, secondFactor, deviceName } = progress;
    const counts = company.settings.second_factor_counts ? secondFactor : null;
    const answer = await this.outside.finish(person, { provider: company, secondFactor: counts, amr, deviceName });
    await this.settle(company, person, progress);
    return answer;
  }

  /** What was counted for the address ends with its owner's success; of anybody else's, their own attempt alone. */
  private async settle(
    { settings }: CompanyPool,
    { userId }: KnownPerson,
    { address, secondFactor, newHash, comparedHere }: Progress,
  ): Promise<void> {
    const tenantId = this.context.tenantId!;
    const isOwner = await this.context.transaction(async (em) => {
      const user = await em.findOneOrFail(User, { id: userId }, { populate: ['passwordHash'], lockMode: LockMode.PESSIMISTIC_WRITE });
      if (newHash !== null && user.passwordHash == null) {
        const { policy } = await this.tenants.profile(em);
        // A password alone must not open here what took two steps there.
        const isSafe = secondFactor === null || user.mfaEnabled || demandsFactor(policy, user.role);
        if (isSafe && settings.migrate_passwords && policy.auth_provider === 'both') {
          user.passwordHash = newHash;
          this.audit.record('auth.password_migrated', { actorId: userId, targetId: userId });
        }
      }
      if (user.emailCanonical !== address) return false;
      await em.execute(`select app.attempt_clear('password', ?)`, [address]);
      return true;
    });
    // A password that was compared here was guessed at, whatever the pool said of it.
    if (!isOwner && !comparedHere) await this.statements.run(FORGO_SIGN_IN, [tenantId, address, signLookup(address), null]);
  }

  private async kept({ settings }: CompanyPool, password: string): Promise<string | null> {
    return settings.migrate_passwords ? this.passwords.hashKnown(password) : null;
  }

  private codeRefused(reason: string) {
    return this.audit.recordNow('mfa.code_refused', this.context.tenantId!, {
      actorType: 'anonymous',
      actorId: null,
      details: { reason, provider: POOL },
    });
  }

  private refused({ tenantId, name }: CompanyPool, reason: string, userId: string | null = null) {
    return this.audit.recordNow('auth.sign_in_refused', tenantId, {
      actorType: userId ? 'user' : 'anonymous',
      actorId: userId,
      details: { reason, provider: name },
    });
  }
}

const isDisabled = (error: unknown) => error instanceof AppError && error.code === IdentityError.signInFailed().code;

/** What the answer to this step has proved: an authenticator that was set up just now proves nothing of whose it is. */
function provenBy({ name, amr, secondFactor }: PoolStep): Pick<PoolStep, 'amr' | 'secondFactor'> {
  const code = CODES[name];
  if (code) return { amr: [...amr, code.amr], secondFactor: 'proven' };
  return name === 'MFA_SETUP' ? { amr: [...amr, 'otp'], secondFactor: secondFactor ?? 'enrolled' } : { amr, secondFactor };
}
