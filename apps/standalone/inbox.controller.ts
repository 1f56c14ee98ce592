import { Controller, Delete, Get, Headers, HttpCode, type MessageEvent, type OnModuleDestroy, Query, Res, Sse } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Observable, Subject, takeUntil } from 'rxjs';
import { SandboxProvider } from '@app/notifications';
import { Public, Unlimited } from '@app/platform';
import { inboxList, type InboxQuery, inboxQuery, inboxView, wentTo } from './inbox.contract.js';
import { inboxPage, PAGE_POLICY } from './inbox-page.js';

const WHERE = 'Where SANDBOX stands in for providers and API and worker are one process; 404 otherwise.';

/** What the sandbox took in this process, open to anybody who reaches it: only where the sandbox stands in for providers. */
@ApiTags('Sandbox inbox')
@Controller('dev/inbox')
@Public()
@Unlimited(true)
export class InboxController implements OnModuleDestroy {
  private readonly inbox = SandboxProvider.inbox;
  private readonly ended = new Subject<void>();

  @Get()
  @ApiOperation({
    summary: 'Messages that the sandbox took, newest first; for a browser, a page',
    operationId: 'listInbox',
    description: WHERE,
  })
  @ApiOkResponse({ standardSchema: inboxList })
  list(@Query({ schema: inboxQuery }) { to }: InboxQuery, @Headers('accept') accept: string | undefined, @Res() reply: FastifyReply) {
    const data = this.inbox.list().filter(wentTo(to)).map(inboxView);
    void reply.header('vary', 'accept');
    if (!accept?.includes('text/html')) return reply.send({ data });
    return reply.header('content-security-policy', PAGE_POLICY).type('text/html; charset=utf-8').send(inboxPage(data, to));
  }

  @Sse('stream')
  @ApiOperation({ summary: 'Each message from now on, as server-sent events', operationId: 'watchInbox', description: WHERE })
  @ApiOkResponse({
    description: 'Events of type message, each with an InboxMessage as data',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  watch(@Query({ schema: inboxQuery }) { to }: InboxQuery): Observable<MessageEvent> {
    const wanted = wentTo(to);
    return new Observable<MessageEvent>((watcher) =>
      this.inbox.subscribe((message) => {
        if (wanted(message)) watcher.next({ id: message.attemptId, type: 'message', data: inboxView(message) });
      }),
    ).pipe(takeUntil(this.ended));
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Empty the inbox', operationId: 'emptyInbox', description: WHERE })
  @ApiNoContentResponse({ description: 'Empty' })
  clear() {
    this.inbox.clear();
  }

  /** A server waits for its streams when it closes, and these have no end of their own. */
  onModuleDestroy() {
    this.ended.next();
    this.ended.complete();
  }
}
