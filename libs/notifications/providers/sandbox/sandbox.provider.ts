import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { CHANNELS, type OutboundMessage } from '../../channel.js';
import { DeliveryError } from '../../delivery-error.js';
import { type Accepted, MessageProvider, type Transport } from '../../message-provider.js';
import { SandboxInbox } from './sandbox-inbox.js';

const settings = z.strictObject({
  fail: z
    .enum(['definite', 'recipient_gone', 'retryable', 'ambiguous', 'configuration', 'hang'])
    .optional()
    .describe('How every message fails, to see what happens then; ambiguous and hang keep the message all the same'),
  delay_ms: z.int().min(0).max(60_000).optional().describe('Milliseconds each message takes'),
});
type Settings = z.output<typeof settings>;

/** For development and trials: every channel, and nothing leaves the process. */
export class SandboxProvider extends MessageProvider<typeof settings> {
  /** Shared by every instance in the process: what is sent by one module is seen by another. */
  static readonly inbox = new SandboxInbox();

  readonly id = 'sandbox';
  readonly title = 'Sandbox';
  readonly channels = CHANNELS;
  readonly settings = settings;
  readonly reports = false;
  override readonly byPhoneNumber = 'too';
  override readonly concurrency = 1_000;

  constructor(readonly inbox: SandboxInbox = SandboxProvider.inbox) {
    super();
  }

  async send(message: OutboundMessage, { fail, delay_ms }: Settings, { signal }: Transport): Promise<Accepted> {
    if (delay_ms) await this.pause(delay_ms, signal);
    switch (fail) {
      case 'definite':
        throw new DeliveryError('definite', 'refused');
      case 'recipient_gone':
        throw new DeliveryError('definite', 'recipient_gone', { recipientGone: true });
      case 'retryable':
        throw new DeliveryError('retryable', 'throttled', { retryAfter: 7 });
      case 'configuration':
        throw new DeliveryError('configuration', 'credentials');
    }
    this.inbox.take(message);
    if (fail === 'hang') await this.pause(24 * 3_600_000, signal);
    if (fail === 'ambiguous') throw new DeliveryError('ambiguous', 'connection_lost');
    return { providerMessageId: message.attemptId };
  }

  private async pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    await setTimeout(milliseconds, undefined, { signal }).catch(() => {
      throw new DeliveryError('ambiguous', 'timeout');
    });
  }
}
