import { Body, Controller, Delete, Get, Headers, Param, Post, Query } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type ApplicationCaller, CurrentCaller, Returns, Scopes, type UserCaller } from '@app/platform';
import type { Step, Verification } from './verification.entity.js';
import { VerificationReader } from './verification-reader.js';
import * as contract from './verifications.contract.js';
import { Verifications } from './verifications.service.js';

const id = z.uuid();

@ApiTags('Verifications')
@Controller('api/verifications')
export class VerificationsController {
  constructor(
    private readonly verifications: Verifications,
    private readonly reader: VerificationReader,
  ) {}

  @Post()
  @Scopes('verifications:send')
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'the same key and body again within 24 hours: the same answer, and nothing is sent',
  })
  @ApiOperation({ summary: 'Send somebody a code', operationId: 'createVerification' })
  @Returns(contract.createdVerification, 201)
  async create(
    @CurrentCaller() caller: ApplicationCaller | UserCaller,
    @Body({ schema: contract.createVerification }) request: contract.CreateVerification,
    @Headers('idempotency-key') key?: string,
  ) {
    const made = await this.verifications.create(request, caller.policy, key);
    return {
      id: made.id,
      status: 'pending',
      channel: made.steps[made.step]!.channel,
      workflow: made.steps.map(stepView),
      expires_at: made.expiresAt.toISOString(),
      resend_after: made.resendAfter.toISOString(),
      reference: request.reference ?? null,
    };
  }

  @Post(':id/check')
  @Scopes('verifications:check')
  @ApiOperation({ summary: 'Check the code that somebody typed; a wrong one is no error', operationId: 'checkVerification' })
  @Returns(contract.checkedVerification)
  check(
    @Param('id', { schema: id }) verificationId: string,
    @Body({ schema: contract.checkVerification }) { code }: z.output<typeof contract.checkVerification>,
  ) {
    return this.verifications.check(verificationId, code);
  }

  @Post(':id/resend')
  @Scopes('verifications:send')
  @ApiOperation({ summary: 'The same code again, by the same channel', operationId: 'resendVerification' })
  @Returns(contract.verification)
  async resend(@Param('id', { schema: id }) verificationId: string) {
    await this.verifications.sendAgain(verificationId, 'resend');
    return view(await this.reader.get(verificationId));
  }

  @Post(':id/next')
  @Scopes('verifications:send')
  @ApiOperation({ summary: "The same code now, by the workflow's next channel", operationId: 'nextVerification' })
  @Returns(contract.verification)
  async next(@Param('id', { schema: id }) verificationId: string) {
    await this.verifications.sendAgain(verificationId, 'next');
    return view(await this.reader.get(verificationId));
  }

  @Delete(':id')
  @Scopes('verifications:send')
  @ApiOperation({ summary: 'Call it off: nothing more is sent, and no code is right any more', operationId: 'cancelVerification' })
  @Returns(contract.verification)
  async cancel(@Param('id', { schema: id }) verificationId: string) {
    await this.verifications.cancel(verificationId);
    return view(await this.reader.get(verificationId));
  }

  @Get()
  @Scopes('verifications:read')
  @ApiOperation({ summary: 'Verifications, newest first; those of the last 30 days', operationId: 'listVerifications' })
  @Returns(contract.verificationPage)
  async list(
    @CurrentCaller() { policy }: ApplicationCaller | UserCaller,
    @Query({ schema: contract.verificationQuery }) query: contract.VerificationQuery,
  ) {
    const { data, next_cursor } = await this.reader.list(query, policy);
    return { data: data.map(view), next_cursor };
  }

  @Get(':id')
  @Scopes('verifications:read')
  @ApiOperation({ summary: 'How it stands', operationId: 'getVerification' })
  @Returns(contract.verification)
  async get(@Param('id', { schema: id }) verificationId: string) {
    return view(await this.reader.get(verificationId));
  }

  @Get(':id/timeline')
  @Scopes('verifications:read')
  @ApiOperation({
    summary: 'Why did the code not come? Every decision, attempt, receipt and check in order',
    operationId: 'getVerificationTimeline',
  })
  @Returns(contract.timeline)
  async timeline(@Param('id', { schema: id }) verificationId: string) {
    const { row, entries } = await this.reader.timeline(verificationId);
    return { id: row.id, status: row.statusAt(new Date()), data: entries };
  }
}

const stepView = ({ channel, masked, provider }: Step) => ({ channel, recipient_masked: masked, provider });

const view = (row: Verification) => ({
  id: row.id,
  status: row.statusAt(new Date()),
  channel: row.workflow[row.step]!.channel,
  workflow: row.workflow.map(stepView),
  expires_at: row.expiresAt.toISOString(),
  resend_after: row.resendAfter.toISOString(),
  reference: row.reference ?? null,
  step: row.step,
  attempts: row.attempts,
  sends: row.sends,
  created_at: row.createdAt.toISOString(),
  ended_at: row.endedAt?.toISOString() ?? null,
});
