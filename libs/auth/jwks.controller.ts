import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public, Returns, SigningKeys, Unlimited } from '@app/platform';
import { jwks } from './auth.contract.js';

@ApiTags('Identity')
@Controller('.well-known')
export class JwksController {
  constructor(private readonly keys: SigningKeys) {}

  @Get('jwks.json')
  @Public()
  @Unlimited(true)
  @Header('cache-control', 'public, max-age=60')
  @ApiOperation({ summary: 'Public keys: access tokens (ES256) and audit heads (EdDSA)', operationId: 'jwks' })
  @Returns(jwks)
  get() {
    return this.keys.jwks();
  }
}
