import { Body, Controller, Post, UseInterceptors } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public, Returns, SignInRoute } from '@app/platform';
import { tokenResponse } from '../auth.contract.js';
import { CookieMode } from '../cookies/cookie-mode.js';
import * as contract from './passkey-sign-in.contract.js';
import { PasskeySignIn } from './passkey-sign-in.service.js';

@ApiTags('Identity')
@Controller('api/auth/passkey')
@UseInterceptors(CookieMode)
export class PasskeySignInController {
  constructor(private readonly passkeys: PasskeySignIn) {}

  @Post('options')
  @Public()
  @SignInRoute(true)
  @ApiOperation({ summary: 'What a passkey is to sign, whoever its holder is', operationId: 'startPasskeySignIn' })
  @Returns(contract.passkeyOptions)
  options(@Body({ schema: contract.passkeyOptionsRequest }) _body: unknown) {
    return this.passkeys.ask();
  }

  @Post('login')
  @Public()
  @SignInRoute(true)
  @ApiOperation({ summary: 'Sign in with a passkey', operationId: 'signInWithPasskey' })
  @Returns(tokenResponse)
  login(@Body({ schema: contract.passkeyLogin }) request: contract.PasskeyLogin) {
    return this.passkeys.signIn(request);
  }
}
