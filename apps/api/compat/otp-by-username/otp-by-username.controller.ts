import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Usernames } from '@app/auth';
import { LatestCodes } from '@app/mfa';
import {
  AppError,
  type ApplicationCaller,
  type Caller,
  CurrentCaller,
  Public,
  Returns,
  Scopes,
  ScopesRoute,
  type UserCaller,
} from '@app/platform';
import { policyOf } from '@app/tenants';
import { CompatError } from '../compat.errors.js';
import { FailsWithError } from '../error-shapes.js';
import * as contract from './otp-by-username.contract.js';

const SLOT = 'otp-by-username';
/** No answer comes sooner than one for a person who is there: how long it took would tell. */
const EVENLY_MS = 250;

/** A service that sent codes to people by their user names. */
@ApiTags('Compatible APIs')
@Controller()
export class OtpByUsernameController {
  constructor(
    private readonly usernames: Usernames,
    private readonly codes: LatestCodes,
  ) {}

  @Post('request-otp')
  @Scopes('verifications:send')
  @FailsWithError()
  @ApiOperation({ summary: 'A code to somebody of the company, by their user name', operationId: 'requestOtp' })
  @Returns(contract.otpRequested)
  async request(
    @CurrentCaller() { policy }: ApplicationCaller | UserCaller,
    @Body({ schema: contract.requestOtp }) { username }: z.output<typeof contract.requestOtp>,
  ) {
    if (!username) throw CompatError.usernameRequired();
    const [person, channel] = await this.evenly(async () => {
      const person = await this.usernames.find(username);
      return [person, person && (await quietly(this.codes.sendToPerson(SLOT, person.id, policy)))] as const;
    });
    if (!policyOf(policy).tells_unknown_usernames) return { status: 'OTP sent', successful_channels: [], failed_channels: null };
    if (!person) throw CompatError.userNotFound();
    if (!channel) throw CompatError.nothingDelivered();
    return { status: 'OTP sent', successful_channels: [channel], failed_channels: null };
  }

  @Post('verify')
  @Scopes('verifications:check')
  @FailsWithError()
  @ApiOperation({ summary: 'Check the newest code of somebody, by their user name', operationId: 'verifyOtp' })
  @Returns(contract.otpVerified)
  async verify(@Body({ schema: contract.verifyOtp }) { username, token }: z.output<typeof contract.verifyOtp>) {
    const looked = await this.evenly(async () => {
      const person = username && token ? await this.usernames.find(username) : undefined;
      return person && quietly(this.codes.checkPerson(SLOT, person.id, token));
    });
    return looked === 'right' ? { valid: true, message: 'Authentication successful' } : { valid: false, message: 'Invalid token' };
  }

  @Get('healthcheck')
  @Public()
  @ScopesRoute([])
  @FailsWithError()
  @ApiOperation({ summary: 'Whether the service is there', operationId: 'healthcheck' })
  @Returns(contract.health)
  async healthcheck(@CurrentCaller() caller?: Caller) {
    return { status: 'healthy', service: 'mfa-auth', ...(caller && { users_configured: await this.usernames.count() }) };
  }

  private async evenly<T>(work: () => Promise<T>): Promise<T> {
    const [result] = await Promise.all([work(), sleep(EVENLY_MS)]);
    return result;
  }
}

/** A refusal, such as a cap that is reached, tells that there is somebody. What is our own fault is told. */
async function quietly<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AppError && error.kind !== 'unavailable') return undefined;
    throw error;
  }
}
