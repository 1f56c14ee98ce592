import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { config, HotStatements, log, signTenant } from '@app/platform';
import { callWebhook } from './webhook-call.js';
import { BEGIN_WEBHOOK, type BegunWebhook, type DueWebhook, eventName, FINISH_WEBHOOK, openSecret } from './webhook.entity.js';
import { webhookCalls, webhooksDisabled, webhookSeconds } from './webhook-metrics.js';
import { signWebhook } from './webhook-signature.js';

/** Between the end of our patience and the moment another process believes that we are gone. */
const MARGIN_SECONDS = 5;
/** An endpoint that takes nothing for so long is disabled. */
const DAYS = 5;
const GONE = 410;
/** Answers whose Retry-After is obeyed, and for how long at most. */
const BUSY = [429, 503];
const LONGEST_WAIT_SECONDS = 3_600;

/** How long whoever took a delivery on may take. */
export const leaseSeconds = () => config.WEBHOOK_SECONDS + MARGIN_SECONDS;

/** One attempt at one delivery: two statements around one call. */
@Injectable()
export class WebhookSender {
  constructor(private readonly statements: HotStatements) {}

  /** True: it was taken. False: it was not. Undefined: there was nothing to do. */
  async send({ id, tenant_id: tenantId, endpoint_id: endpointId }: DueWebhook): Promise<boolean | undefined> {
    const tenant = signTenant(tenantId);
    const attempt = uuidv7();
    const begun = await this.statements.one(BEGIN_WEBHOOK, [tenant, id, { attempt, lease: leaseSeconds() }]);
    if (begun.outcome !== 'go') return undefined;
    const began = performance.now();
    const { status = null, reason, retryAfter } = await this.call(tenantId, endpointId, begun);
    const milliseconds = Math.round(performance.now() - began);
    const taken = status !== null && status >= 200 && status < 300;
    const ended = await this.statements.one(FINISH_WEBHOOK, [
      tenant,
      id,
      {
        attempt,
        taken,
        gone: status === GONE,
        status,
        reason: reason ?? (taken ? null : wordFor(status!)),
        milliseconds,
        days: DAYS,
        wait: retryAfter !== undefined && BUSY.includes(status!) ? Math.min(retryAfter, LONGEST_WAIT_SECONDS) : 0,
      },
    ]);
    webhookSeconds().observe(milliseconds / 1_000);
    webhookCalls(ended.status === 'pending' ? 'retry' : (ended.status ?? 'superseded')).inc();
    if (ended.disabled) {
      webhooksDisabled().inc();
      log().warn({ company: tenantId, webhook: endpointId }, 'a webhook is disabled: it is gone, or failed for days');
    }
    return taken;
  }

  private call(tenantId: string, endpointId: string, { url, secret, secret_before: before, event_id, body }: BegunWebhook) {
    const secrets = [secret, ...(before === null ? [] : [before])].map((sealed) => openSecret(tenantId, endpointId, sealed));
    const id = eventName(event_id);
    const timestamp = Math.floor(Date.now() / 1_000);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Watchword-Webhooks/1',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signWebhook(secrets, id, timestamp, body),
    };
    return callWebhook(url, headers, body, {
      signal: AbortSignal.timeout(config.WEBHOOK_SECONDS * 1_000),
      allowPrivate: config.PRIVATE_DESTINATIONS,
      encrypted: config.NODE_ENV === 'production',
    });
  }
}

const wordFor = (status: number) => (status === GONE ? 'gone' : status >= 300 && status < 400 ? 'redirect' : 'refused');
