import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { pageQuery, ProvenJustNow, Returns, Roles } from '@app/platform';
import * as contract from './api-keys.contract.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('Company')
@ApiBearerAuth()
@Controller('api/company/api-keys')
@Roles('admin')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Get()
  @ApiOperation({ summary: "The keys of my company's applications, newest first", operationId: 'listApiKeys' })
  @Returns(contract.apiKeyPage)
  list(@Query({ schema: pageQuery }) { limit, cursor }: z.output<typeof pageQuery>) {
    return this.apiKeys.list(limit, cursor);
  }

  @Post()
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: 'A key for an application; its text is shown this once', operationId: 'createApiKey' })
  @Returns(contract.createdApiKey, 201)
  create(@Body({ schema: contract.createApiKey }) request: contract.CreateApiKey) {
    return this.apiKeys.create(request);
  }

  @Post(':id/rotate')
  @ProvenJustNow('any_factor')
  @ApiOperation({
    summary: 'A new key with the same name, scopes and lifetime, shown this once; the one before stays good for a while',
    operationId: 'rotateApiKey',
  })
  @Returns(contract.createdApiKey, 201)
  rotate(
    @Param('id', { schema: z.uuid() }) id: string,
    @Body({ schema: contract.rotateApiKey }) { overlap_hours: hours }: contract.RotateApiKey,
  ) {
    return this.apiKeys.rotate(id, hours);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke a key: its next request is refused', operationId: 'revokeApiKey' })
  @ApiNoContentResponse({ description: 'Revoked; it stays in the list' })
  revoke(@Param('id', { schema: z.uuid() }) id: string) {
    return this.apiKeys.revoke(id);
  }
}
