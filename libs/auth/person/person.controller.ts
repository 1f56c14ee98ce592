import { Readable } from 'node:stream';
import { Controller, Get, Header, HttpCode, Param, Post, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CurrentCaller, ProvenJustNow, Returns, Roles, type UserCaller } from '@app/platform';
import { Erasure } from './erasure.service.js';
import { erased, personExport } from './person.contract.js';
import { PersonExport } from './person-export.service.js';

const id = z.uuid();
const DOWNLOAD = 'attachment; filename="person.json"';
const EXPORTED = { status: 200, description: 'All that is kept of the person, without what proves them', standardSchema: personExport };

/** What people may ask of whoever keeps their data. */
@ApiTags('People')
@ApiBearerAuth()
@Controller('api/users')
@Roles('admin')
export class PersonController {
  constructor(
    private readonly exports: PersonExport,
    private readonly erasure: Erasure,
  ) {}

  @Get('me/export')
  @Roles('user')
  @HttpCode(200)
  @Header('content-disposition', DOWNLOAD)
  @ApiOperation({ summary: 'All that is kept of me', operationId: 'exportMe' })
  @ApiResponse(EXPORTED)
  async exportMe(@CurrentCaller() caller: UserCaller) {
    return this.download(caller, caller.id);
  }

  @Get(':id/export')
  @ProvenJustNow('any_factor')
  @HttpCode(200)
  @Header('content-disposition', DOWNLOAD)
  @ApiOperation({ summary: 'All that is kept of a person', operationId: 'exportUser' })
  @ApiResponse(EXPORTED)
  async export(@CurrentCaller() caller: UserCaller, @Param('id', { schema: id }) userId: string) {
    return this.download(caller, userId);
  }

  @Post(':id/erase')
  @ProvenJustNow(true)
  @ApiOperation({
    summary: 'Erase a person: the account and all that is theirs, what was sent to them, and what is personal in the audit trail',
    operationId: 'eraseUser',
  })
  @Returns(erased)
  erase(@CurrentCaller() caller: UserCaller, @Param('id', { schema: id }) userId: string) {
    return this.erasure.erase(caller, userId);
  }

  private async download(caller: UserCaller, userId: string) {
    return new StreamableFile(Readable.from(await this.exports.of(caller, userId), { highWaterMark: 1 }), { type: 'application/json' });
  }
}
