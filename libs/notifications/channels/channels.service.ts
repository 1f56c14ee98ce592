import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { AuditService } from '@app/audit';
import { AppError, invalid, Patience, RequestContext } from '@app/platform';
import { Breakers } from '../breakers.js';
import { callbackUrl } from '../callback-address.js';
import { ChannelSettings, openSettings, sealSettings } from '../channel-settings.entity.js';
import { DeliveryError } from '../delivery-error.js';
import { DeliveryService } from '../delivery.service.js';
import type { MessageProvider } from '../message-provider.js';
import { NotificationError } from '../notifications.errors.js';
import { ProviderRegistry } from '../provider-registry.js';
import { type RecentCalls, recentCalls, WINDOW_MINUTES } from '../statistics/recent-calls.js';
import { ChannelDirectory } from './channel-directory.js';
import type { PutChannel } from './channels.contract.js';

const PATIENCE_MS = 1_000;

/** How a company reaches people: its accounts with vendors. Secrets go in and are never read back. */
@Injectable()
export class ChannelsService {
  constructor(
    private readonly context: RequestContext,
    private readonly providers: ProviderRegistry,
    private readonly deliveries: DeliveryService,
    private readonly directory: ChannelDirectory,
    private readonly breakers: Breakers,
    private readonly audit: AuditService,
  ) {}

  async list() {
    const rows = await this.context.transaction((em) => em.find(ChannelSettings, {}));
    const recent = rows.length > 0 ? await this.recent() : [];
    return this.providers.all().map((provider) => {
      const row = rows.find((one) => one.provider === provider.id);
      return {
        provider: provider.id,
        title: provider.title,
        channels: [...provider.channels],
        reports: provider.reports,
        settings_schema: formOf(provider),
        callback_url: callbackUrl(provider.id, this.context.tenantId!),
        ...(row ? this.health(provider.id, recent) : { breaker: null, recent: null }),
        configured: row ? this.view(provider, row) : null,
      };
    });
  }

  /** Undefined: more than can be read while somebody waits for a form. */
  private recent(): Promise<RecentCalls[] | undefined> {
    return this.context
      .transaction((em) => recentCalls(new Patience(em, PATIENCE_MS), new Date()))
      .catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'server.too_much') return undefined;
        throw error;
      });
  }

  /** Breakers are each process's own, and workers send: what this one knows, beside what all of them came to. */
  private health(provider: string, recent: RecentCalls[] | undefined) {
    const { sent = 0, failed = 0 } = recent?.find((one) => one.provider === provider) ?? {};
    const known = this.breakers.stateOf(this.context.tenantId!, provider);
    return {
      breaker: known
        ? { state: known.state, since: known.since?.toISOString() ?? null, retry_at: known.retryAt?.toISOString() ?? null }
        : null,
      recent: recent ? { sent, failed, window_minutes: WINDOW_MINUTES } : null,
    };
  }

  /** @throws notifications.unknown_provider, notifications.not_configured */
  async get(id: string) {
    const provider = this.providers.get(id);
    const row = await this.find(id);
    if (!row) throw NotificationError.notConfigured();
    return this.view(provider, row);
  }

  /** @throws request.invalid by the provider's schema, notifications.refused_by_vendor */
  async put(id: string, { settings, channels, priority, is_enabled, rate_per_second }: PutChannel) {
    const provider = this.providers.get(id);
    const tenantId = this.context.tenantId!;
    const before = await this.find(id);
    const parsed = provider.settings.safeParse(completed(provider, settings, before && openSettings(tenantId, id, before.settings)));
    if (!parsed.success) throw invalid(parsed.error.issues.map((issue) => ({ ...issue, path: ['settings', ...issue.path] })));
    const served = channels ?? [...provider.channels];
    const stranger = served.find((channel) => !provider.channels.includes(channel));
    if (stranger) throw invalid([{ path: ['channels'], message: `${id} serves ${provider.channels.join(', ')}` }]);
    await this.install(provider, parsed.data);

    const row = await this.context.transaction(async (em) => {
      const values = {
        channels: served,
        settings: sealSettings(tenantId, id, parsed.data as object),
        priority,
        isEnabled: is_enabled,
        ratePerSecond: rate_per_second,
        updatedAt: new Date(),
      };
      await em.upsert(
        ChannelSettings,
        { id: uuidv7(), tenantId, provider: id, ...values },
        { onConflictFields: ['tenantId', 'provider'], onConflictMergeFields: Object.keys(values) as (keyof typeof values)[] },
      );
      const stored = await em.findOneOrFail(ChannelSettings, { provider: id }, { refresh: true });
      this.audit.record('company.channel_set', { targetId: stored.id, details: { provider: id, channels: served, enabled: is_enabled } });
      return stored;
    });
    this.directory.forget(tenantId);
    return this.view(provider, row);
  }

  /** @throws notifications.not_configured */
  async remove(id: string): Promise<void> {
    this.providers.get(id);
    await this.context.transaction(async (em) => {
      const row = await em.findOne(ChannelSettings, { provider: id });
      if (!row) throw NotificationError.notConfigured();
      em.remove(row);
      this.audit.record('company.channel_removed', { targetId: row.id, details: { provider: id } });
    });
    this.directory.forget(this.context.tenantId!);
  }

  private async install(provider: MessageProvider, settings: unknown) {
    try {
      await provider.install?.(settings as never, callbackUrl(provider.id, this.context.tenantId!), this.deliveries.transport(provider.id));
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      throw NotificationError.refusedByVendor({ detail: `The vendor does not accept these settings: ${error.message}.` });
    }
  }

  private find(id: string) {
    return this.context.transaction((em) => em.findOne(ChannelSettings, { provider: id }));
  }

  private view(provider: MessageProvider, row: ChannelSettings) {
    const stored = openSettings(this.context.tenantId!, provider.id, row.settings);
    const secret = marked(provider, 'secret');
    const entries = Object.entries(stored);
    return {
      provider: provider.id,
      channels: row.channels,
      settings: Object.fromEntries(entries.filter(([name]) => !secret.has(name))),
      secrets: entries.map(([name]) => name).filter((name) => secret.has(name)),
      priority: row.priority,
      is_enabled: row.isEnabled,
      rate_per_second: row.ratePerSecond ?? null,
      callback_url: callbackUrl(provider.id, this.context.tenantId!),
      created_at: row.createdAt.toISOString(),
      updated_at: row.updatedAt.toISOString(),
    };
  }
}

/** What only we read of a provider's schema. */
interface Marks {
  secret?: boolean;
  destination?: boolean;
}

const marked = (provider: MessageProvider, mark: keyof Marks) =>
  new Set(
    Object.entries((z.toJSONSchema(provider.settings, { io: 'input', unrepresentable: 'any' }).properties ?? {}) as Record<string, Marks>)
      .filter(([, field]) => field[mark])
      .map(([name]) => name),
  );

/** A form can be drawn from it: what is `secret` in the provider's schema is `writeOnly` here. */
function formOf(provider: MessageProvider) {
  return z.toJSONSchema(provider.settings, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema, path }) => {
      const field = jsonSchema as typeof jsonSchema & Marks;
      if (path.length === 2 && path[0] === 'properties') field.title ??= titleOf(String(path[1]));
      if (field.secret) field.writeOnly = true;
      delete field.secret;
      delete field.destination;
    },
  }) as Record<string, unknown>;
}

const ABBREVIATIONS = /\b(api|id|url|sms|dkim|tls)\b/g;
/** `api_key`: `API key`. */
const titleOf = (name: string) => {
  const words = name.replaceAll('_', ' ').replaceAll(ABBREVIATIONS, (word) => word.toUpperCase());
  return `${words[0]!.toUpperCase()}${words.slice(1)}`;
};

/**
 * The settings given, with the stored secrets that they leave out; null ends one. Secrets stay behind where the settings lead elsewhere:
 * otherwise an administrator who may not read a password could have it shown to a server of their own.
 */
function completed(provider: MessageProvider, settings: object, stored: object | null): object {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));
  if (!stored) return given;
  const secrets = Object.entries(stored).filter(([name]) => !(name in settings) && marked(provider, 'secret').has(name));
  const whole = { ...Object.fromEntries(secrets), ...given };
  const { data } = provider.settings.safeParse(whole);
  const before = new Map(Object.entries(stored));
  const isElsewhere = [...marked(provider, 'destination')].some((name) => (data as Record<string, unknown>)?.[name] !== before.get(name));
  return isElsewhere ? given : whole;
}
