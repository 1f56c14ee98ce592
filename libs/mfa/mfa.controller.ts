import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentCaller, Pending, type PersonCaller, Returns, Roles, SignInRoute, type UserCaller, ProvenJustNow } from '@app/platform';
import { authenticatorView } from './authenticator-view.js';
import { DeliveredFactors } from './delivered/delivered-factors.service.js';
import type { SentCode } from './delivered/factor-codes.service.js';
import { FactorRegistry } from './factor-registry.js';
import * as contract from './mfa.contract.js';
import type { EnrolledFactor } from './enrolled-factor.entity.js';
import { MfaService } from './mfa.service.js';

type Code = z.output<typeof contract.confirmCode>;
const factorId = z.uuid();

/** A person's own second factors. What starts and confirms one is open to a sign-in that policy sends here to set one up. */
@ApiTags('Second factors')
@ApiBearerAuth()
@Controller('api/auth/mfa')
@Roles('user')
export class MfaController {
  constructor(
    private readonly mfa: MfaService,
    private readonly factors: FactorRegistry,
    private readonly delivered: DeliveredFactors,
  ) {}

  @Get('factors')
  @Pending(['enroll'])
  @ApiOperation({ summary: 'My factors', operationId: 'listFactors' })
  @Returns(contract.factorList)
  async list(@CurrentCaller() caller: PersonCaller) {
    return { data: (await this.mfa.list(caller.id)).map(view), next_cursor: null };
  }

  @Post('factors')
  @ProvenJustNow(true)
  @Pending(['enroll'])
  @ApiOperation({ summary: 'Start setting up a factor', operationId: 'startFactor' })
  @Returns(contract.startedFactor, 201)
  start(@CurrentCaller() caller: PersonCaller, @Body({ schema: contract.startFactor }) request: contract.StartFactor) {
    const { type, label, input } = request;
    return this.factors.get(type).channel ? this.beginDelivered(caller, request) : this.begin(caller, type, label, input);
  }

  @Post('challenge')
  @Pending(['verify', 'enroll'])
  @SignInRoute(true)
  @ApiOperation({
    summary:
      'Send me the code of one of my factors: again while it lives, otherwise a new one; 429 with Retry-After when it went out a moment ago',
    operationId: 'challengeFactor',
  })
  @Returns(contract.sentCode, 202)
  async challenge(
    @CurrentCaller() caller: PersonCaller,
    @Body({ schema: contract.challenge }) { factor_id }: z.output<typeof contract.challenge>,
  ) {
    return codeView(await this.delivered.challenge(caller, { id: factor_id }));
  }

  @Post('factors/:id/confirm')
  @ProvenJustNow(true)
  @Pending(['enroll'])
  @SignInRoute(true)
  @ApiOperation({ summary: 'Confirm a factor with its first code', operationId: 'confirmFactor' })
  @Returns(contract.enabled)
  confirm(
    @CurrentCaller() caller: PersonCaller,
    @Param('id', { schema: factorId }) id: string,
    @Body({ schema: contract.confirmCode }) { code }: Code,
  ) {
    return this.enabled(caller, code, { id });
  }

  @Delete('factors/:id')
  @SignInRoute(true)
  @ApiOperation({ summary: 'Remove a factor; takes a fresh code', operationId: 'removeFactor' })
  @Returns(contract.message)
  async remove(
    @CurrentCaller() caller: UserCaller,
    @Param('id', { schema: factorId }) id: string,
    @Body({ schema: contract.confirmCode }) { code }: Code,
  ) {
    await this.mfa.remove(caller, id, code);
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
  @ApiOperation({ summary: 'New backup codes in place of the old; takes a fresh code', operationId: 'renewBackupCodes' })
  @Returns(contract.backupCodes)
  async renew(@CurrentCaller() caller: PersonCaller, @Body({ schema: contract.confirmCode }) { code }: Code) {
    return { backup_codes: await this.mfa.renewBackupCodes(caller.id, code) };
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

  private async beginDelivered(caller: PersonCaller, { type, label, recipient, locale }: contract.StartFactor) {
    const { factorId, sent, deepLink, until } = await this.delivered.start(caller, type, { recipient, label, locale });
    return {
      factor_id: factorId,
      ...(sent && codeView(sent)),
      ...(deepLink && { deep_link: deepLink, expires_at: until.toISOString() }),
    };
  }

  private async enabled(caller: PersonCaller, code: string, which: { id: string } | { type: string } = { type: 'totp' }) {
    const { backupCodes } = await this.mfa.confirm(caller.id, code, which);
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

const view = ({ id, type, label, recipientMasked, confirmedAt, disabledAt, createdAt, lastUsedAt }: EnrolledFactor) => ({
  id,
  type,
  label: label ?? null,
  recipient_masked: recipientMasked ?? null,
  confirmed: confirmedAt != null,
  disabled: disabledAt != null,
  created_at: createdAt.toISOString(),
  last_used_at: lastUsedAt?.toISOString() ?? null,
});
