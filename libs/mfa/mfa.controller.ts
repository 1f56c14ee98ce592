import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import QRCode from 'qrcode';
import { z } from 'zod';
import { config, CurrentCaller, Pending, type PersonCaller, Returns, Roles, type UserCaller } from '@app/platform';
import * as contract from './mfa.contract.js';
import type { EnrolledFactor } from './enrolled-factor.entity.js';
import { MfaError } from './mfa.errors.js';
import { MfaService } from './mfa.service.js';

type Code = z.output<typeof contract.confirmCode>;
const factorId = z.uuid();

/** A person's own second factors. What starts and confirms one is open to a sign-in that policy sends here to set one up. */
@ApiTags('Second factors')
@ApiBearerAuth()
@Controller('api/auth/mfa')
@Roles('user')
export class MfaController {
  constructor(private readonly mfa: MfaService) {}

  @Get('factors')
  @Pending('enroll')
  @ApiOperation({ summary: 'My factors', operationId: 'listFactors' })
  @Returns(contract.factorList)
  async list(@CurrentCaller() caller: PersonCaller) {
    return { data: (await this.mfa.list(caller.id)).map(view), next_cursor: null };
  }

  @Post('factors')
  @Pending('enroll')
  @ApiOperation({ summary: 'Start setting up a factor', operationId: 'startFactor' })
  @Returns(contract.startedFactor, 201)
  start(@CurrentCaller() caller: PersonCaller, @Body({ schema: contract.startFactor }) { type, label, input }: contract.StartFactor) {
    return this.begin(caller, type, label, input);
  }

  @Post('factors/:id/confirm')
  @Pending('enroll')
  @ApiOperation({ summary: 'Confirm a factor with its first code', operationId: 'confirmFactor' })
  @Returns(contract.enabled)
  confirm(
    @CurrentCaller() caller: PersonCaller,
    @Param('id', { schema: factorId }) id: string,
    @Body({ schema: contract.confirmCode }) { code }: Code,
  ) {
    return this.enabled(caller, code, id);
  }

  @Delete('factors/:id')
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
  @Pending('enroll')
  @ApiOperation({ summary: 'Start setting up an authenticator app', operationId: 'setupTotp' })
  @Returns(contract.startedTotp)
  setup(@CurrentCaller() caller: PersonCaller) {
    return this.begin(caller, 'totp');
  }

  @Post('enable')
  @Pending('enroll')
  @ApiOperation({ summary: 'Confirm the authenticator app with its first code', operationId: 'enableTotp' })
  @Returns(contract.enabled)
  enable(@CurrentCaller() caller: PersonCaller, @Body({ schema: contract.confirmCode }) { code }: Code) {
    return this.enabled(caller, code);
  }

  @Post('activate')
  @Pending('enroll')
  @ApiOperation({ summary: 'The same as enable, with the field named totp_code', operationId: 'activateTotp' })
  @Returns(contract.enabled)
  activate(
    @CurrentCaller() caller: PersonCaller,
    @Body({ schema: contract.activateCode }) { totp_code }: z.output<typeof contract.activateCode>,
  ) {
    return this.enabled(caller, totp_code);
  }

  @Post('backup-codes')
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
    provenEnough(caller);
    const { factorId, reveal } = await this.mfa.enroll(
      caller.id,
      { account: caller.email, issuer: caller.companyName },
      type,
      label,
      input,
    );
    const { secret, otpauthUri } = reveal;
    if (typeof secret !== 'string' || typeof otpauthUri !== 'string') return { factor_id: factorId, reveal };
    const qr = await QRCode.toDataURL(otpauthUri, { errorCorrectionLevel: 'M', margin: 4, scale: 6 });
    return {
      factor_id: factorId,
      reveal,
      secret,
      manual_entry_key: secret.match(/.{1,4}/g)!.join(' '),
      otpauth_uri: otpauthUri,
      qr_code_uri: otpauthUri,
      qr_code: qr,
    };
  }

  private async enabled(caller: PersonCaller, code: string, id?: string) {
    provenEnough(caller);
    const { backupCodes } = await this.mfa.confirm(caller.id, code, id);
    return { message: 'MFA successfully activated', ...(backupCodes && { backup_codes: backupCodes }) };
  }
}

/**
 * A factor is added or replaced soon after signing in, and with the second factor by whoever has one: not by a session left open, nor
 * with the password alone (NIST SP 800-63B-4 §4.1.2.1, ASVS 7.5.1). A pending sign-in is as fresh as can be.
 */
function provenEnough(caller: PersonCaller) {
  if (caller.kind !== 'user') return;
  if (caller.profile.mfa_enabled && !caller.amr.includes('mfa'))
    throw MfaError.freshSignInRequired({ detail: 'Sign in again with your second factor: this session was opened without it.' });
  if (Date.now() - caller.authTime.getTime() > config.FRESH_SECONDS * 1000) {
    const minutes = Math.ceil(config.FRESH_SECONDS / 60);
    throw MfaError.freshSignInRequired({
      detail: `Sign in again: a second factor is set up within ${minutes} min of signing in, and this session is older.`,
    });
  }
}

const view = ({ id, type, label, confirmedAt, disabledAt, createdAt, lastUsedAt }: EnrolledFactor) => ({
  id,
  type,
  label: label ?? null,
  recipient_masked: null,
  confirmed: confirmedAt != null,
  disabled: disabledAt != null,
  created_at: createdAt.toISOString(),
  last_used_at: lastUsedAt?.toISOString() ?? null,
});
