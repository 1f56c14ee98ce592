import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { pageQuery, ProvenJustNow, Returns, Roles } from '@app/platform';
import type { Channel } from '../channel.js';
import { locale } from '../locale.js';
import { channel, messageTemplate, type SaveTemplate, saveTemplate, templateName, templatePage } from './templates.contract.js';
import { TemplatesService } from './templates.service.js';

@ApiTags('Templates')
@ApiBearerAuth()
@Controller('api/company/templates')
@Roles('admin')
export class TemplatesController {
  constructor(private readonly templates: TemplatesService) {}

  @Get()
  @ApiOperation({ summary: 'The words of our messages, our own and the built-in ones', operationId: 'listTemplates' })
  @Returns(templatePage)
  list(@Query({ schema: pageQuery }) { limit, cursor }: z.output<typeof pageQuery>) {
    return this.templates.list(limit, cursor);
  }

  @Put(':name/:channel/:locale')
  @ProvenJustNow('any_factor')
  @ApiOperation({ summary: 'Write our own words for one message, channel and language', operationId: 'saveTemplate' })
  @Returns(messageTemplate)
  save(
    @Param('name', { schema: templateName }) name: string,
    @Param('channel', { schema: channel }) by: Channel,
    @Param('locale', { schema: locale }) tag: string,
    @Body({ schema: saveTemplate }) template: SaveTemplate,
  ) {
    return this.templates.save({ name, channel: by, locale: tag }, template);
  }

  @Delete(':name/:channel/:locale')
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'Gone: the built-in words hold again, where there are any' })
  @ApiOperation({ summary: 'Give our own words up', operationId: 'deleteTemplate' })
  async remove(
    @Param('name', { schema: templateName }) name: string,
    @Param('channel', { schema: channel }) by: Channel,
    @Param('locale', { schema: locale }) tag: string,
  ): Promise<void> {
    await this.templates.remove({ name, channel: by, locale: tag });
  }
}
