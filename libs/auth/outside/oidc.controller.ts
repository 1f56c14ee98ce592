import { Body, Controller, Get, Param, Post, Query, Req, Res, UseInterceptors } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Public, Returns, SignInRoute } from '@app/platform';
import { tokenResponse } from '../auth.contract.js';
import { CookieMode } from '../cookies/cookie-mode.js';
import { flowCookie, readFlowCookie, spentCookie } from './flow-cookie.js';
import { readFlowText } from './flow-text.js';
import * as contract from './oidc.contract.js';
import { OidcFlowsService } from './oidc-flows.service.js';
import { OutsideSignInService } from './outside-sign-in.service.js';

const SEE_OTHER = 303;

/** Signing in where a company says that its people may come from. No token stands in any address. */
@ApiTags('Outside identity')
@Controller('api/auth/oidc')
@Public()
@SignInRoute(true)
export class OidcController {
  constructor(
    private readonly flows: OidcFlowsService,
    private readonly signIns: OutsideSignInService,
  ) {}

  @Get(':company_domain/:provider/start')
  @ApiOperation({ summary: 'Go to an identity provider: for a browser, whose cookie binds the way back to it', operationId: 'goOutside' })
  @ApiParam({ name: 'company_domain' })
  @ApiParam({ name: 'provider' })
  @ApiResponse({ status: SEE_OTHER, description: 'To the provider, where the request accepts text/html' })
  @Returns(contract.started)
  async go(
    @Param('company_domain') domain: string,
    @Param('provider') provider: string,
    @Query({ schema: contract.startQuery }) { return_to }: z.output<typeof contract.startQuery>,
    @Req() { headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<contract.Started> {
    const { flowId, authorizationUrl, handle, until } = await this.flows.start(domain, provider, return_to, true);
    void reply.header('set-cookie', flowCookie(flowId, handle));
    if (headers.accept?.includes('text/html')) void reply.status(SEE_OTHER).header('location', authorizationUrl);
    return { authorization_url: authorizationUrl, expires_at: until.toISOString() };
  }

  @Post(':company_domain/:provider/start')
  @ApiOperation({ summary: 'Begin at an identity provider: for a client that keeps the handle by itself', operationId: 'startOutside' })
  @ApiParam({ name: 'company_domain' })
  @ApiParam({ name: 'provider' })
  @Returns(contract.started)
  async start(
    @Param('company_domain') domain: string,
    @Param('provider') provider: string,
    @Body({ schema: contract.startRequest }) { return_to }: contract.StartRequest,
  ): Promise<contract.Started> {
    const { authorizationUrl, handle, until } = await this.flows.start(domain, provider, return_to, false);
    return { authorization_url: authorizationUrl, handle, expires_at: until.toISOString() };
  }

  @Get('callback/:provider_id')
  @ApiOperation({ summary: 'Where a provider sends people back to', operationId: 'returnFromOutside' })
  @ApiParam({ name: 'provider_id' })
  @ApiResponse({ status: SEE_OTHER, description: 'To return_to, with code or error, where one was named at the start' })
  @Returns(contract.arrived)
  async callback(
    @Param('provider_id', { schema: z.uuid() }) providerId: string,
    @Req() { raw, headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<contract.Arrived> {
    const query = new URLSearchParams(raw.url!.split('?').slice(1).join('?'));
    const { returnTo, code, error } = await this.flows.arrive(providerId, query, (flowId) => readFlowCookie(headers.cookie, flowId));
    if (returnTo === null && error) throw error;
    const answer = { code, error: error?.code ?? null };
    if (returnTo !== null) {
      const back = new URL(returnTo);
      for (const [name, value] of Object.entries(answer)) if (value !== null) back.searchParams.set(name, value);
      void reply.status(SEE_OTHER).header('location', back.href);
    }
    return answer;
  }

  @Post('exchange')
  @UseInterceptors(CookieMode)
  @ApiOperation({ summary: 'Sign in with the code that came back', operationId: 'exchangeOutside' })
  @Returns(tokenResponse)
  async exchange(
    @Body({ schema: contract.exchangeRequest }) { code, handle, device_name }: contract.ExchangeRequest,
    @Req() { headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const response = await this.signIns.exchange(code, (flowId) => handle ?? readFlowCookie(headers.cookie, flowId), device_name ?? null);
    const flowId = readFlowText('outside-code', code)?.flowId;
    if (handle === undefined && flowId) void reply.header('set-cookie', spentCookie(flowId));
    return response;
  }
}
