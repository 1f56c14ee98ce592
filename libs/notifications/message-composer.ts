import { seal, unseal } from '@app/platform';
import { callbackUrl } from './callback-address.js';
import type { OutboundMessage } from './channel.js';
import type { Content } from './delivery.entity.js';
import { policyOf } from '@app/tenants';
import { chooseTemplate } from './templates/choose-template.js';
import { renderMessage } from './templates/render-message.js';

/** What a plain message is made of. */
export type Payload = { text: string } | { variables: Record<string, string> };

const at = (tenant: string, row: string, purpose: 'recipient' | 'code' | 'payload') => ({ tenant, row, purpose: `delivery-${purpose}` });

/** `row`: the verification, or the message that belongs to none. */
export const sealRecipient = (tenantId: string, row: string, address: string) => seal(address, at(tenantId, row, 'recipient'));
export const openRecipient = (tenantId: string, row: string, sealed: string) => unseal(sealed, at(tenantId, row, 'recipient'));
export const sealCode = (tenantId: string, verificationId: string, code: string) => seal(code, at(tenantId, verificationId, 'code'));
export const sealPayload = (tenantId: string, deliveryId: string, payload: Payload) =>
  seal(JSON.stringify(payload), at(tenantId, deliveryId, 'payload'));

/** The message as it goes out: what was sealed is opened here, in the process that sends it, and kept nowhere. */
export function compose(tenantId: string, deliveryId: string, attemptId: string, provider: string, written: Content): OutboundMessage {
  const content = written.operated ? inOurWords(written) : written;
  const owner = content.verification_id ?? deliveryId;
  const code = content.code === null ? undefined : unseal(content.code, at(tenantId, owner, 'code'));
  const payload =
    content.payload === null ? undefined : (JSON.parse(unseal(content.payload, at(tenantId, deliveryId, 'payload'))) as Payload);
  const policy = policyOf(content.policy);
  const words =
    payload && 'text' in payload
      ? { text: payload.text }
      : renderMessage({
          template: chooseTemplate({ name: content.template, channel: content.channel, locale: content.locale }, content.templates ?? []),
          channel: content.channel,
          variables: { ...payload?.variables, ...(code !== undefined && { code, minutes: minutesUntil(content.expires_at) }) },
          policy,
          companyName: content.company_name,
        });
  return {
    attemptId,
    channel: content.channel,
    to: openRecipient(tenantId, owner, content.recipient),
    ...words,
    code,
    locale: content.locale,
    brand: policy.sender_name ?? content.company_name,
    expiresAt: content.expires_at,
    callbackUrl: callbackUrl(provider, tenantId),
  };
}

/**
 * By the operator's own mail server, for anybody who registers a company: neither words nor a name of theirs that a mail program would make a
 * link of. Whoever may choose both the words and the address has an open relay.
 */
function inOurWords(content: Content): Content {
  const policy = policyOf(content.policy);
  const name = plainName(policy.sender_name ?? content.company_name);
  return { ...content, templates: null, company_name: name, policy: { ...policy, sender_name: null } };
}

const plainName = (name: string) =>
  name
    .replaceAll(/[:/\\@]|\.(?=\S)/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 40) || 'your company';

const minutesUntil = (time: Date) => String(Math.max(1, Math.round((time.getTime() - Date.now()) / 60_000)));
