import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { message } from '@app/mfa';
import { CurrentCaller, pageQuery, ProvenJustNow, Public, Returns, Roles, SignInRoute, type UserCaller } from '@app/platform';
import { user } from '../users.contract.js';
import * as contract from './account-mail.contract.js';
import { AddressesService } from './addresses.service.js';
import { AskForMail } from './asked-mail.js';
import { InvitationsService } from './invitations.service.js';
import { RecoveryService } from './recovery.service.js';

const done = (text: string) => ({ message: text, detail: null });

@ApiTags('Identity')
@Controller('api/auth')
@SignInRoute(true)
export class AccountMailController {
  constructor(
    private readonly addresses: AddressesService,
    private readonly asked: AskForMail,
    private readonly recovery: RecoveryService,
    private readonly invitations: InvitationsService,
  ) {}

  @Post('verify-email')
  @Public()
  @ApiOperation({ summary: 'Confirm an e-mail with the token of its link', operationId: 'verifyEmail' })
  @Returns(message)
  async verifyEmail(@Body({ schema: contract.linkToken }) { token }: z.output<typeof contract.linkToken>) {
    await this.addresses.verify(token);
    return done('The e-mail is confirmed');
  }

  @Post('resend-verification')
  @Public()
  @ApiOperation({
    summary: 'Send the link that confirms an e-mail again; the answer is the same for every e-mail',
    operationId: 'resendEmailVerification',
  })
  @Returns(message)
  async resend(@Body({ schema: contract.whoseEmail }) { email, company_domain }: z.output<typeof contract.whoseEmail>) {
    await this.asked.ask('verify_email', email, company_domain);
    return done('If this email is registered and not confirmed yet, you will receive a link');
  }

  @Post('forgot-password')
  @Public()
  @ApiOperation({ summary: 'Send a link for a new password; the answer is the same for every e-mail', operationId: 'forgotPassword' })
  @Returns(message)
  async forgot(@Body({ schema: contract.whoseEmail }) { email, company_domain }: z.output<typeof contract.whoseEmail>) {
    await this.asked.ask('reset_password', email, company_domain);
    return done('If your email is registered, you will receive a password reset email');
  }

  @Post('reset-password')
  @Public()
  @ApiOperation({
    summary: 'Choose a new password with the token of a link; ends every session, and skips no second factor',
    operationId: 'resetPassword',
  })
  @Returns(message)
  async reset(@Body({ schema: contract.resetPassword }) { token, new_password }: z.output<typeof contract.resetPassword>) {
    await this.recovery.reset(token, new_password);
    return done('The password is changed. Sign in with it');
  }

  @Post('invitation')
  @HttpCode(200)
  @Public()
  @ApiOperation({ summary: 'Look at an invitation before accepting it: by whom, and to which company', operationId: 'lookAtInvitation' })
  @Returns(contract.invitationSeen)
  look(@Body({ schema: contract.linkToken }) { token }: z.output<typeof contract.linkToken>) {
    return this.invitations.look(token);
  }

  @Post('accept-invitation')
  @Public()
  @ApiOperation({ summary: 'Join the company that sent an invitation', operationId: 'acceptInvitation' })
  @Returns(user, 201)
  accept(@Body({ schema: contract.acceptInvitation }) request: contract.AcceptInvitation) {
    return this.invitations.accept(request);
  }
}

@ApiTags('People')
@ApiBearerAuth()
@Controller('api/users')
@Roles('admin')
export class InvitationsController {
  constructor(
    private readonly addresses: AddressesService,
    private readonly invitations: InvitationsService,
  ) {}

  @Post('me/email')
  @Roles('user')
  @ProvenJustNow(true)
  @SignInRoute(true)
  @HttpCode(202)
  @ApiOperation({
    summary: 'Ask for another e-mail: a link goes there, and the old one stays until it is opened',
    operationId: 'changeMyEmail',
  })
  @Returns(message, 202)
  async changeEmail(
    @CurrentCaller() caller: UserCaller,
    @Body({ schema: contract.changeEmail }) { new_email, password }: z.output<typeof contract.changeEmail>,
  ) {
    await this.addresses.change(caller, new_email, password);
    return done('A link was sent to the new address');
  }

  @Get('invitations')
  @ApiOperation({ summary: 'Invitations that nobody has accepted yet', operationId: 'listInvitations' })
  @Returns(contract.invitationPage)
  list(@Query({ schema: pageQuery }) { limit, cursor }: z.output<typeof pageQuery>) {
    return this.invitations.list(limit, cursor);
  }

  @Post('invitations')
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: 'Invite somebody by e-mail; again: a new link, and the one before is of no use', operationId: 'inviteUser' })
  @Returns(contract.invitation, 201)
  invite(@CurrentCaller() caller: UserCaller, @Body({ schema: contract.invite }) request: contract.Invite) {
    return this.invitations.invite(caller, request);
  }

  @Delete('invitations/:id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Take an invitation back', operationId: 'withdrawInvitation' })
  @ApiNoContentResponse({ description: 'Its link opens nothing any more' })
  withdraw(@Param('id', { schema: z.uuid() }) id: string) {
    return this.invitations.withdraw(id);
  }
}
