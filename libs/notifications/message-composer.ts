import { seal, unseal } from '@app/platform';
import { callbackUrl } from './callback-address.js';
import type { OutboundMessage } from './channel.js';
import type { Content } from './delivery.entity.js';
import { renderMessage } from './templates/render.js';

/** What a plain message is made of. */
export type Payload = { text: string } | { variables: Record<string, string> };

const at = (tenant: string, row: string, purpose: 'recipient' | 'code' | 'payload') => ({ tenant, row, purpose: `delivery-${purpose}` });

/** `row`: the verification, or the message that belongs to none. */
export const sealRecipient = (tenantId: string, row: string, address: string) => seal(address, at(tenantId, row, 'recipient'));
export const sealCode = (tenantId: string, verificationId: string, code: string) => seal(code, at(tenantId, verificationId, 'code'));
export const sealPayload = (tenantId: string, deliveryId: string, payload: Payload) => seal(JSON.stringify(payload), at(tenantId, deliveryId, 'payload'));

/** The message as it goes out: what was sealed is opened here, in the process that sends it, and kept nowhere. */
export function compose(tenantId: string, deliveryId: string, attemptId: string, provider: string, content: Content): OutboundMessage {
  const owner = content.verification_id ?? deliveryId;
  const code = content.code === null ? undefined : unseal(content.code, at(tenantId, owner, 'code'));
  const payload = content.payload === null ? undefined : (JSON.parse(unseal(content.payload, at(tenantId, deliveryId, 'payload'))) as Payload);
  const words =
    payload && 'text' in payload
      ? { text: payload.text }
      : renderMessage({
          template: content.template,
          channel: content.channel,
          locale: content.locale,
          own: content.templates ?? [],
          variables: payload?.variables ?? {},
          code,
          minutes: Math.max(1, Math.round((content.expires_at.getTime() - Date.now()) / 60_000)),
          companyName: content.company_name,
          policy: content.policy,
        });
  return {
    attemptId,
    channel: content.channel,
    to: unseal(content.recipient, at(tenantId, owner, 'recipient')),
    ...words,
    code,
    locale: content.locale,
    brand: content.company_name,
    expiresAt: content.expires_at,
    callbackUrl: callbackUrl(provider, tenantId),
  };
}
