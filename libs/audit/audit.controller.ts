import { Readable } from 'node:stream';
import { Controller, Get, Header, HttpCode, Query, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Returns, Roles } from '@app/platform';
import { auditHeads, auditPage, type AuditQuery, auditQuery } from './audit.contract.js';
import { AuditReader } from './audit-reader.js';

@ApiTags('Audit')
@ApiBearerAuth()
@Controller('api/audit')
@Roles('admin')
export class AuditController {
  constructor(private readonly reader: AuditReader) {}

  @Get()
  @ApiOperation({ summary: 'Who did what, newest first', operationId: 'listAuditEvents' })
  @Returns(auditPage)
  page(@Query({ schema: auditQuery }) query: AuditQuery) {
    return this.reader.page(query);
  }

  @Get('export')
  @HttpCode(200)
  @Header('content-type', 'application/x-ndjson')
  @Header('content-disposition', 'attachment; filename="audit.ndjson"')
  @ApiOperation({ summary: 'The whole chain with its newest signed head, for `watchword audit verify`', operationId: 'exportAudit' })
  @ApiProduces('application/x-ndjson')
  @ApiResponse({
    status: 200,
    description: 'One event a line in the order of the chain, then the signed head',
    content: { 'application/x-ndjson': { schema: { type: 'string' } } },
  })
  export() {
    return new StreamableFile(Readable.from(this.reader.export(), { highWaterMark: 1 }), { type: 'application/x-ndjson' });
  }

  @Get('heads')
  @ApiOperation({
    summary: 'The newest signed heads of the chain: keep one elsewhere, and no rewriting goes unseen',
    operationId: 'listAuditHeads',
  })
  @Returns(auditHeads)
  async heads() {
    return { data: await this.reader.heads() };
  }
}
