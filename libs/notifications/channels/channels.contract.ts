import { z } from 'zod';
import { CHANNELS } from '../channel.js';

const channel = z.enum(CHANNELS);
const priority = z.number().int().min(0).max(1000).describe('lowest first; the next one is tried when one refuses');
const rate = z.number().min(0.001).max(10_000).nullable().describe('most messages a second, over all processes; null: no limit of ours');

export const putChannel = z
  .strictObject({
    settings: z
      .record(z.string(), z.unknown())
      .describe("by the provider's own schema; secrets left out stay as they are while the destination does, null ends one"),
    channels: z.array(channel).min(1).optional().describe('of those the provider serves; all of them when left out'),
    priority: priority.default(100),
    is_enabled: z.boolean().default(true),
    rate_per_second: rate.default(null),
  })
  .meta({ id: 'PutChannel' });
export type PutChannel = z.output<typeof putChannel>;

export const channelSettings = z
  .object({
    provider: z.string(),
    channels: z.array(channel),
    settings: z.record(z.string(), z.unknown()).describe('without secrets'),
    secrets: z.array(z.string()).describe('names of the secrets that are set'),
    priority,
    is_enabled: z.boolean(),
    rate_per_second: rate,
    callback_url: z.string().describe('tell it to the vendor where it reports'),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'ChannelSettings' });

const breaker = z
  .object({
    state: z.enum(['closed', 'open', 'half_open']),
    since: z.string().nullable().describe('null: closed from the start'),
    retry_at: z.string().nullable().describe('when one message is let through again; null: closed'),
  })
  .describe('the worst of all countries');

const recent = z
  .object({
    sent: z.int().describe('calls that the vendor took'),
    failed: z.int().describe("calls that failed by the vendor's fault"),
    window_minutes: z.int(),
  })
  .describe('over all processes');

export const providerView = z
  .object({
    provider: z.string(),
    title: z.string().describe('what people call it'),
    channels: z.array(channel),
    reports: z.boolean().describe('whether the vendor tells us what became of a message'),
    settings_schema: z.record(z.string(), z.unknown()).describe('JSON Schema; what is writeOnly is a secret'),
    callback_url: z.string().describe('where it reports, once it is set up'),
    breaker: breaker
      .nullable()
      .describe(
        'of the process that answers; null: it is not set up, or other processes send. Workers say theirs at /metrics (breaker_state)',
      ),
    recent: recent.nullable().describe('null: it is not set up, or there is too much to count'),
    configured: channelSettings.nullable(),
  })
  .meta({ id: 'Provider' });
export const providerList = z.object({ data: z.array(providerView), next_cursor: z.null() }).meta({ id: 'ProviderList' });

export const testChannel = z
  .strictObject({ to: z.string().trim().min(1).max(254), channel: channel.optional() })
  .meta({ id: 'TestChannel' });
export const queued = z.object({ id: z.uuid() }).meta({ id: 'QueuedMessage' });
export const removed = z.object({ message: z.string(), detail: z.string().nullable() }).meta({ id: 'Message' });
