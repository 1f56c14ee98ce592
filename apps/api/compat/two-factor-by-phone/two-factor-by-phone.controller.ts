import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { LatestCodes } from '@app/mfa';
import { AppError, type ApplicationCaller, CurrentCaller, Returns, Scopes, type UserCaller } from '@app/platform';
import { CompatError } from '../compat.errors.js';
import { FailsWithDetails } from '../error-shapes.js';
import * as contract from './two-factor-by-phone.contract.js';

const SLOT = 'two-factor-by-phone';
/** As long as the original kept its request. */
const SECONDS = 180;
const FIELD = 'phone_number';

type Sender = ApplicationCaller | UserCaller;

/** A service over Vonage's Verify that knew a code by the number it went to. */
@ApiTags('Compatible APIs')
@Controller('2fa')
export class TwoFactorByPhoneController {
  constructor(private readonly codes: LatestCodes) {}

  @Post('init')
  @Scopes('verifications:send')
  @FailsWithDetails()
  @ApiOperation({ summary: 'A code to a phone; an earlier one to it ends', operationId: 'initTwoFactor' })
  @Returns(contract.said)
  async init(@CurrentCaller() { policy }: Sender, @Body({ schema: contract.init }) { phone_number }: z.output<typeof contract.init>) {
    await this.codes.sendToNumber(SLOT, phone_number, policy, { seconds: SECONDS, field: FIELD }).catch(refused);
    return { message: 'OTP sent for verification' };
  }

  @Post('verify')
  @Scopes('verifications:check')
  @FailsWithDetails()
  @ApiOperation({ summary: 'Check the newest code to a phone', operationId: 'verifyTwoFactor' })
  @Returns(contract.said)
  async verify(
    @CurrentCaller() { policy }: Sender,
    @Body({ schema: contract.verify }) { phone_number, otp_code }: z.output<typeof contract.verify>,
  ) {
    const looked = await this.codes.checkNumber(SLOT, phone_number, policy, otp_code, FIELD).catch(nothingSent);
    if (looked === 'wrong') throw CompatError.codeNotValid();
    if (looked === 'over') throw CompatError.noRequest();
    return { message: '2FA verification successful' };
  }
}

/** A number that nobody can have stays a fault of the request; for every other refusal the original had one answer. */
function refused(error: unknown): never {
  if (error instanceof AppError && error.kind !== 'invalid' && error.kind !== 'unavailable') throw CompatError.codeNotCreated();
  throw error;
}

/** To a number that may not be sent to, nothing was. */
function nothingSent(error: unknown): never {
  if (error instanceof AppError && error.kind === 'forbidden') throw CompatError.noRequest();
  throw error;
}
