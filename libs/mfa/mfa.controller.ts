import { Body, Controller, Delete, Get, Param, Patch, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  CurrentCaller,
  OneFactorEnough,
  Pending,
  type PersonCaller,
  ProvenJustNow,
  Returns,
  Roles,
  SignInRoute,
  type UserCaller,
} from '@app/platform';
import { authenticatorView } from './authenticator-view.js';
import type { Answer } from './factor.js';
import { DeliveredFactors } from './delivered/delivered-factors.service.js';
import type { SentCode } from './delivered/factor-codes.service.js';
import { FactorRecords } from './factor-records.js';
import { FactorRegistry } from './factor-registry.js';
import { FactorRemoval } from './factor-removal.service.js';
import * as contract from './mfa.contract.js';
import type { EnrolledFactor } from './enrolled-factor.entity.js';
import { MfaService } from './mfa.service.js';
import { type AskedToSign, SignedFactors } from './signed/signed-factors.service.js';

type Code = z.output<typeof contract.confirmCode>;
type GivenAnswer = z.output<typeof contract.answer>;
const factorId = z.uuid();

/** A person's own second factors. What starts and confirms one is open to a sign-in that policy sends here to set one up. */
@ApiTags('Second factors')
@ApiBearerAuth()
@Controller('api/auth/mfa')
@Roles('user')
export class MfaController {
  constructor(
    private readonly mfa: MfaService,
    private readonly removal: FactorRemoval,
    private readonly factors: FactorRegistry,
    private readonly delivered: DeliveredFactors,
    private readonly signed: SignedFactors,
    private readonly records: FactorRecords,
  ) {}

  @Get('factors')
  @Pending(['enroll'])
  @OneFactorEnough(true)
  @ApiOperation({ summary: 'My factors, and which kinds I can set up', operationId: 'listFactors' })
  @Returns(contract.factorList)
  async list(@CurrentCaller() caller: PersonCaller) {
    const data = (await this.mfa.list(caller.id)).map((row) => this.view(row));
    return { data, next_cursor: null, offered: await this.delivered.offered() };
  }

  @Post('factors')
  @ProvenJustNow(true)
  @Pending(['enroll'])
  @ApiOperation({ summary: 'Start setting up a factor', operationId: 'startFactor' })
  @Returns(contract.startedFactor, 201)
  start(@CurrentCaller() caller: PersonCaller, @Body({ schema: contract.startFactor }) request: contract.StartFactor) {
    const { type, label, input } = request;
    const { channel, signs } = this.factors.get(type);
    if (signs) return this.signed.start(caller, type, label).then(askedView);
    return channel ? this.beginDelivered(caller, request) : this.begin(caller, type, label, input);
  }

  @Post('challenge')
  @Pending(['verify', 'enroll'])
  @OneFactorEnough(true)
  @SignInRoute(true)
  @ApiOperation({
    summary:
      'Ask for an answer of one of my factors: sends its code, again while it lives, otherwise a new one (429 with Retry-After when it went out a moment ago); or what any of my passkeys is to sign',
    operationId: 'challengeFactor',
  })
  @Returns(contract.sentCode, 202)
  async challenge(
    @CurrentCaller() caller: PersonCaller,
    @Body({ schema: contract.challenge }) { factor_id }: z.output<typeof contract.challenge>,
  ) {
    const row = (await this.mfa.list(caller.id)).find(({ id }) => id === factor_id);
    if (row && this.factors.get(row.type).signs) return askedView(await this.signed.challenge(caller, row));
    return codeView(await this.delivered.challenge(caller, { id: factor_id }));
  }

  @Post('factors/:id/confirm')
  @ProvenJustNow(true)
  @Pending(['enroll'])
  @SignInRoute(true)
  @ApiOperation({ summary: 'Confirm a factor with its first code, or a passkey with what the browser made', operationId: 'confirmFactor' })
  @Returns(contract.enabled)
  confirm(
    @CurrentCaller() caller: PersonCaller,
    @Param('id', { schema: factorId }) id: string,
    @Body({ schema: contract.confirmFactor }) { code, credential, label }: z.output<typeof contract.confirmFactor>,
  ) {
    return this.enabled(caller, (code ?? credential)!, { id }, label);
  }

  @Patch('factors/:id')
  @ApiOperation({ summary: 'Name a factor', operationId: 'renameFactor' })
  @Returns(contract.factor)
  async rename(
    @CurrentCaller() caller: UserCaller,
    @Param('id', { schema: factorId }) id: string,
    @Body({ schema: contract.renameFactor }) { label }: z.output<typeof contract.renameFactor>,
  ) {
    return this.view(await this.mfa.rename(caller.id, id, label));
  }

  @Delete('factors/:id')
  @SignInRoute(true)
  @ApiOperation({ summary: 'Remove a factor; takes a fresh code, or a passkey', operationId: 'removeFactor' })
  @Returns(contract.message)
  async remove(
    @CurrentCaller() caller: UserCaller,
    @Param('id', { schema: factorId }) id: string,
    @Body({ schema: contract.answer }) { code, credential }: GivenAnswer,
  ) {
    await this.removal.remove(caller, id, (code ?? credential)!);
    return { message: 'The factor is removed', detail: null };
  }

  @Post('setup')
  @ProvenJustNow(true)
  @Pending(['enroll'])
  @ApiOperation({ summary: 'Start setting up an authenticator app', operationId: 'setupTotp' })
  @Returns(contract.startedTotp)
  setup(@CurrentCaller() caller: PersonCaller) {
    return this.begin(caller, 'totp');
  }

  @Post('enable')
  @ProvenJustNow(true)
  @Pending(['enroll'])
  @SignInRoute(true)
  @ApiOperation({ summary: 'Confirm the authenticator app with its first code', operationId: 'enableTotp' })
  @Returns(contract.enabled)
  enable(@CurrentCaller() caller: PersonCaller, @Body({ schema: contract.confirmCode }) { code }: Code) {
    return this.enabled(caller, code);
  }

  @Post('activate')
  @ProvenJustNow(true)
  @Pending(['enroll'])
  @SignInRoute(true)
  @ApiOperation({ summary: 'The same as enable, with the field named totp_code', operationId: 'activateTotp' })
  @Returns(contract.enabled)
  activate(
    @CurrentCaller() caller: PersonCaller,
    @Body({ schema: contract.activateCode }) { totp_code }: z.output<typeof contract.activateCode>,
  ) {
    return this.enabled(caller, totp_code);
  }

  @Post('backup-codes')
  @SignInRoute(true)
  @ApiOperation({ summary: 'New backup codes in place of the old; takes a fresh code, or a passkey', operationId: 'renewBackupCodes' })
  @Returns(contract.backupCodes)
  async renew(@CurrentCaller() caller: PersonCaller, @Body({ schema: contract.answer }) { code, credential }: GivenAnswer) {
    return { backup_codes: await this.mfa.renewBackupCodes(caller.id, (code ?? credential)!) };
  }

  @Get('backup-codes')
  @ApiOperation({ summary: 'How many backup codes are left, never which', operationId: 'countBackupCodes' })
  @Returns(contract.backupCodesLeft)
  async left(@CurrentCaller() caller: PersonCaller) {
    const { remaining, createdAt } = await this.mfa.backupCodesLeft(caller.id);
    return { remaining, created_at: createdAt?.toISOString() ?? null };
  }

  private async begin(caller: PersonCaller, type: string, label?: string, input?: object) {
    const subject = { account: caller.email, issuer: caller.companyName };
    const { factorId, reveal } = await this.mfa.enroll(caller.id, subject, type, { label, ...(input && { input }) });
    const { secret, otpauthUri } = reveal;
    if (typeof secret !== 'string' || typeof otpauthUri !== 'string') return { factor_id: factorId, reveal };
    return { factor_id: factorId, reveal, ...(await authenticatorView(secret, otpauthUri)) };
  }

  private view(row: EnrolledFactor) {
    return { ...factorView(row), ...this.records.shown(row) };
  }

  private async beginDelivered(caller: PersonCaller, { type, label, recipient, locale }: contract.StartFactor) {
    const { factorId, sent, deepLink, until } = await this.delivered.start(caller, type, { recipient, label, locale });
    return {
      factor_id: factorId,
      ...(sent && codeView(sent)),
      ...(deepLink && { deep_link: deepLink, expires_at: until.toISOString() }),
    };
  }

  private async enabled(caller: PersonCaller, answer: Answer, which: { id: string } | { type: string } = { type: 'totp' }, label?: string) {
    const { backupCodes } = await this.mfa.confirm(caller, answer, which, label);
    return { message: 'MFA successfully activated', ...(backupCodes && { backup_codes: backupCodes }) };
  }
}

const codeView = ({ verificationId, channel, masked, expiresAt, resendAfter }: SentCode) => ({
  verification_id: verificationId,
  channel,
  recipient_masked: masked,
  expires_at: expiresAt.toISOString(),
  resend_after: resendAfter.toISOString(),
});

const askedView = ({ factorId, webauthn, expiresAt }: AskedToSign) => ({
  factor_id: factorId,
  webauthn,
  expires_at: expiresAt.toISOString(),
});

const factorView = ({ id, type, label, recipientMasked, confirmedAt, disabledAt, createdAt, lastUsedAt }: EnrolledFactor) => ({
  id,
  type,
  label: label ?? null,
  recipient_masked: recipientMasked ?? null,
  confirmed: confirmedAt != null,
  disabled: disabledAt != null,
  created_at: createdAt.toISOString(),
  last_used_at: lastUsedAt?.toISOString() ?? null,
});
