import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public, Returns, SignInRoute } from '@app/platform';
import * as contract from './sign-in-options.contract.js';
import { SignInOptionsService } from './sign-in-options.service.js';

@ApiTags('Identity')
@Controller('api/auth/sign-in-options')
@Public()
@SignInRoute(true)
export class SignInOptionsController {
  constructor(private readonly options: SignInOptionsService) {}

  @Get()
  @ApiOperation({ summary: 'What a login page may offer to people of a company', operationId: 'getSignInOptions' })
  @Returns(contract.signInOptions)
  get(@Query({ schema: contract.optionsQuery }) { company_domain }: contract.OptionsQuery) {
    return this.options.of(company_domain);
  }
}
