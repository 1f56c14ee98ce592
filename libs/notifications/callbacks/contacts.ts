import { Injectable } from '@nestjs/common';
import type { ProviderEvent } from '../message-provider.js';

export type ContactEvent = Exclude<ProviderEvent, { type: 'receipt' }>;
export type ContactListener = (tenantId: string, provider: string, event: ContactEvent) => Promise<void>;

/** People who show up at a vendor, or leave it. Whoever knows what that means to them listens; events may come more than once. */
@Injectable()
export class Contacts {
  private readonly listeners: ContactListener[] = [];

  on(listener: ContactListener): void {
    this.listeners.push(listener);
  }

  async tell(tenantId: string, provider: string, event: ContactEvent): Promise<void> {
    for (const listener of this.listeners) await listener(tenantId, provider, event);
  }
}
