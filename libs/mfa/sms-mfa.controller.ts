import { Body, Controller, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { CurrentCaller, Pending, type PersonCaller, Returns, Roles, SignInRoute, type UserCaller, ProvenJustNow } from '@app/platform';
import { DeliveredFactors } from './delivered/delivered-factors.service.js';
import { FactorRemoval } from './factor-removal.service.js';
import * as contract from './mfa.contract.js';
import { MfaError } from './mfa.errors.js';
import { MfaService } from './mfa.service.js';

const TYPE = 'sms';
type Code = z.output<typeof contract.phoneCode>;

/** The factor `sms` by other names, for clients that were written for them. A new number counts once its code came back, and not before. */
@ApiTags('Second factors')
@ApiBearerAuth()
@Controller('api/sms-mfa')
@Roles('user')
export class SmsMfaController {
  constructor(
    private readonly mfa: MfaService,
    private readonly removal: FactorRemoval,
    private readonly delivered: DeliveredFactors,
  ) {}

  @Post('setup')
  @ProvenJustNow(true)
  @Pending(['enroll'])
  @ApiOperation({ summary: 'Send a code to a new number', operationId: 'setupSmsMfa' })
  @Returns(contract.phoneDone)
  async setup(
    @CurrentCaller() caller: PersonCaller,
    @Body({ schema: contract.phoneSetup }) { phone_number }: z.output<typeof contract.phoneSetup>,
  ) {
    const { sent } = await this.delivered.start(caller, TYPE, { recipient: phone_number, field: 'phone_number' });
    return { message: 'SMS code sent: confirm it with sms-mfa/verify', message_id: sent!.verificationId };
  }

  @Post('send-code')
  @Pending(['verify', 'enroll'])
  @SignInRoute(true)
  @ApiOperation({ summary: 'Send me a code: to the number that is being set up, or else to mine', operationId: 'sendSmsMfaCode' })
  @Returns(contract.phoneDone)
  async sendCode(@CurrentCaller() caller: PersonCaller) {
    const sent = await this.delivered.challenge(caller, { type: TYPE });
    return { message: `SMS code sent to ${sent.masked}`, message_id: sent.verificationId };
  }

  @Post('verify')
  @ProvenJustNow(true)
  @Pending(['enroll'])
  @SignInRoute(true)
  @ApiOperation({ summary: 'Confirm the new number with its code', operationId: 'verifySmsMfa' })
  @Returns(contract.phoneDone)
  async verify(@CurrentCaller() caller: PersonCaller, @Body({ schema: contract.phoneCode }) { mfa_code }: Code) {
    const { backupCodes } = await this.mfa.confirm(caller, mfa_code, { type: TYPE });
    return { message: 'SMS MFA successfully activated', message_id: null, ...(backupCodes && { backup_codes: backupCodes }) };
  }

  @Post('disable')
  @SignInRoute(true)
  @ApiOperation({ summary: 'Remove the number; takes a fresh code of any of my factors', operationId: 'disableSmsMfa' })
  @Returns(contract.phoneDone)
  async disable(@CurrentCaller() caller: UserCaller, @Body({ schema: contract.phoneCode }) { mfa_code }: Code) {
    const mine = (await this.mfa.list(caller.id)).find(({ type, confirmedAt }) => type === TYPE && confirmedAt != null);
    if (!mine) throw MfaError.notEnabled();
    await this.removal.remove(caller, mine.id, mfa_code);
    return { message: 'SMS MFA successfully disabled', message_id: null };
  }
}
