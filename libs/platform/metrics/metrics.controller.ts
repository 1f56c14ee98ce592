import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { defineErrors, RequestError } from '../app-error.js';
import { Public } from '../caller.js';
import { config } from '../config.js';
import { Unlimited } from '../rate-limits.js';
import { mac, sameBytes } from '../sealing.js';
import { registry } from './metrics.js';

const MetricsError = defineErrors('metrics', { tokenRequired: ['unauthorized', 'The metrics are read with their own token.'] });

/** For Prometheus. Where it is closed, there is nothing here. */
@ApiExcludeController()
@Controller('metrics')
@Unlimited(true)
export class MetricsController {
  @Get()
  @Public()
  async read(@Headers('authorization') shown: string | undefined, @Res() reply: FastifyReply) {
    if (!config.metrics) throw RequestError.notFound();
    if (config.METRICS_TOKEN && !isToken(shown)) throw MetricsError.tokenRequired();
    const text = await registry.metrics();
    return reply.header('content-type', registry.contentType).send(text);
  }
}

/** Compared as MACs: of one length, and in one time. */
const isToken = (shown = '') =>
  sameBytes(mac('metrics-token', shown.replace(/^Bearer +/i, '')), mac('metrics-token', config.METRICS_TOKEN!));
