import { Body, Controller, Delete, Get, Headers, Param, Post, Req, Res, SerializeOptions, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { FactorRemoval, message } from '@app/mfa';
import {
  CurrentCaller,
  invalid,
  OneFactorEnough,
  Pending,
  type PendingCaller,
  Public,
  Returns,
  Roles,
  SignInRoute,
  type UserCaller,
} from '@app/platform';
import { AccountsService } from './accounts.service.js';
import * as contract from './auth.contract.js';
import { CognitoSignIn } from './cognito/cognito-sign-in.service.js';
import { CookieMode, deviceTokenOf, forgetCookies, refreshTokenOf } from './cookies/cookie-mode.js';
import { SessionsService } from './sessions.service.js';
import { SignInService } from './sign-in.service.js';
import { StepUpService } from './step-up.service.js';
import { Tokens } from './tokens.js';
import { TrustedDevices } from './trusted-devices.js';
import { user } from './users.contract.js';

const done = (text: string) => ({ message: text, detail: null });

@ApiTags('Identity')
@Controller('api/auth')
@UseInterceptors(CookieMode)
export class AuthController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly signIns: SignInService,
    private readonly sessions: SessionsService,
    private readonly removal: FactorRemoval,
    private readonly devices: TrustedDevices,
    private readonly stepUps: StepUpService,
    private readonly tokens: Tokens,
    private readonly cognito: CognitoSignIn,
  ) {}

  @Post('register')
  @Public()
  @SignInRoute(true)
  @ApiOperation({ summary: 'A new company and its first administrator', operationId: 'register' })
  @Returns(user, 201)
  register(@Body({ schema: contract.registerRequest }) request: contract.RegisterRequest) {
    return this.accounts.register(request);
  }

  @Post('login')
  @Public()
  @SignInRoute(true)
  @ApiHeader({ name: 'X-Tenant-ID', required: false, description: "a company's id or domain, instead of company_domain" })
  @ApiOperation({ summary: 'Sign in', operationId: 'login' })
  @Returns(contract.tokenResponse)
  login(
    @Body({ schema: contract.loginRequest }) request: contract.LoginRequest,
    @Req() browser: FastifyRequest,
    @Headers('x-tenant-id') tenant?: string,
  ) {
    const device_token = request.device_token ?? deviceTokenOf(browser);
    return this.signIns.signIn({ ...request, ...(device_token && { device_token }) }, tenant?.slice(0, 253));
  }

  @Post('verify-mfa')
  @Pending(['verify', 'outside'])
  @SignInRoute(true)
  @ApiBearerAuth()
  @ApiOperation({
    summary: 'Answer the second factor: authenticator code, code that was sent, backup code, or passkey',
    operationId: 'verifyMfa',
  })
  @Returns(contract.tokenResponse)
  verifyMfa(@CurrentCaller() caller: PendingCaller, @Body({ schema: contract.verifyMfaRequest }) request: contract.VerifyMfaRequest) {
    if (caller.purpose === 'outside') return this.cognito.answer(caller, request);
    const { code, credential, factor_id, remember_device } = request;
    const answer = code ?? credential;
    if (answer === undefined) throw invalid([{ path: ['code'], message: 'is needed' }]);
    return this.signIns.verify(caller, answer, factor_id, remember_device);
  }

  @Post('step-up')
  @Roles('user')
  @OneFactorEnough(true)
  @SignInRoute(true)
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Prove again who I am: raises acr and auth_time of this session', operationId: 'stepUp' })
  @Returns(contract.steppedUp)
  stepUp(@CurrentCaller() caller: UserCaller, @Body({ schema: contract.stepUpRequest }) request: contract.StepUp) {
    return this.stepUps.raise(caller, request);
  }

  @Post('refresh')
  @Public()
  @ApiOperation({ summary: 'Rotate the refresh token', operationId: 'refresh' })
  @Returns(contract.tokenResponse)
  async refresh(@Body({ schema: contract.refreshRequest }) body: z.output<typeof contract.refreshRequest>, @Req() request: FastifyRequest) {
    const token = body?.refresh_token ?? refreshTokenOf(request, this.tokens);
    if (token === undefined) throw invalid([{ path: ['refresh_token'], message: 'is needed' }]);
    return this.sessions.refresh(token);
  }

  @Post('logout')
  @Roles('user')
  @OneFactorEnough(true)
  @ApiBearerAuth()
  @ApiOperation({ summary: 'End this session', operationId: 'logout' })
  @Returns(message)
  async logout(
    @CurrentCaller() caller: UserCaller,
    @Body({ schema: contract.logoutRequest }) _body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    await this.sessions.revoke(caller.id, caller.sessionId, 'signed_out');
    forgetCookies(request, reply);
    return done('Successfully logged out');
  }

  @Post('logout-all')
  @Roles('user')
  @OneFactorEnough(true)
  @ApiBearerAuth()
  @ApiOperation({ summary: 'End all my sessions', operationId: 'logoutAll' })
  @Returns(message)
  async logoutAll(@CurrentCaller() caller: UserCaller, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    await this.sessions.revokeAll(caller.id, 'signed_out_everywhere');
    forgetCookies(request, reply);
    return done('Successfully logged out everywhere');
  }

  @Post('change-password')
  @Roles('user')
  @SignInRoute(true)
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Change my password; ends my other sessions', operationId: 'changePassword' })
  @Returns(message)
  async changePassword(
    @CurrentCaller() caller: UserCaller,
    @Body({ schema: contract.changePasswordRequest }) request: z.output<typeof contract.changePasswordRequest>,
  ) {
    await this.accounts.changePassword(caller, request.current_password, request.new_password);
    return done('The password is changed');
  }

  @Get('sessions')
  @Roles('user')
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Where I am signed in', operationId: 'listSessions' })
  @SerializeOptions({ schema: contract.session }) // Nest serialises an array by its elements
  @Returns(contract.sessionList)
  listSessions(@CurrentCaller() caller: UserCaller) {
    return this.sessions.list(caller);
  }

  @Delete('sessions/:id')
  @Roles('user')
  @ApiBearerAuth()
  @ApiOperation({ summary: 'End one of my sessions', operationId: 'revokeSession' })
  @Returns(message)
  async revokeSession(@CurrentCaller() caller: UserCaller, @Param('id', { schema: z.uuid() }) id: string) {
    await this.sessions.revoke(caller.id, id, 'revoked');
    return done('Session successfully revoked');
  }

  @Get('devices')
  @Roles('user')
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Devices that are not asked for my second factor', operationId: 'listDevices' })
  @SerializeOptions({ schema: contract.trustedDevice })
  @Returns(contract.trustedDeviceList)
  listDevices(@CurrentCaller() caller: UserCaller) {
    return this.devices.list(caller.id);
  }

  @Delete('devices/:id')
  @Roles('user')
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Ask this device for my second factor again', operationId: 'forgetDevice' })
  @Returns(message)
  async forgetDevice(@CurrentCaller() caller: UserCaller, @Param('id', { schema: z.uuid() }) id: string) {
    await this.devices.forget(caller.id, id);
    return done('The device is forgotten');
  }

  @Post('mfa/disable')
  @Roles('user')
  @SignInRoute(true)
  @ApiTags('Second factors')
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Remove every second factor; takes the password and a fresh code', operationId: 'disableMfa' })
  @Returns(message)
  async disableMfa(
    @CurrentCaller() caller: UserCaller,
    @Body({ schema: contract.disableMfaRequest }) { password, code, credential }: z.output<typeof contract.disableMfaRequest>,
  ) {
    await this.accounts.provePassword(caller, password);
    await this.removal.disable(caller, (code ?? credential)!);
    return done('MFA successfully disabled');
  }
}
