import { createHash, createHmac, randomUUID } from 'node:crypto';
import type { Callback } from '../../libs/notifications/message-provider.js';

/** A request as Vonage makes it. Late: `at` long ago. Twice: the same one again. Forged: another secret. Swapped: another `body` after signing. */
export interface VonageCallback {
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  query: Record<string, string>;
  body: string;
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const seconds = (at: Date) => Math.floor(at.getTime() / 1000);

/** By node:crypto alone, so that it agrees with no library by accident. */
export function vonageToken(
  body: string,
  secret: string,
  { at = new Date(), algorithm = 'HS256', claims = {} }: { at?: Date; algorithm?: 'HS256' | 'HS512' | 'none'; claims?: object } = {},
): string {
  const payload = {
    iat: seconds(at),
    jti: randomUUID(),
    iss: 'Vonage',
    payload_hash: createHash('sha256').update(body).digest('hex'),
    api_key: 'a1b2c3d4',
    ...claims,
  };
  const signed = `${base64url({ typ: 'JWT', alg: algorithm })}.${base64url(payload)}`;
  if (algorithm === 'none') return `${signed}.`;
  return `${signed}.${createHmac(algorithm.replace('HS', 'sha'), secret).update(signed).digest('base64url')}`;
}

/** Signed in its header, over the body. */
export function withToken(body: object | string, secret: string, options: Parameters<typeof vonageToken>[2] = {}): VonageCallback {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${vonageToken(text, secret, options)}` },
    query: {},
    body: text,
  };
}

/** Signed by a field of its own. */
export function withSig(
  fields: Record<string, string>,
  secret: string,
  {
    as = 'json',
    algorithm = 'sha256',
    at = new Date(),
  }: { as?: 'json' | 'form' | 'query'; algorithm?: 'md5' | 'sha1' | 'sha256' | 'sha512'; at?: Date } = {},
): VonageCallback {
  const all: Record<string, string> = { ...fields, timestamp: String(seconds(at)), nonce: randomUUID() };
  let text = '';
  for (const name of Object.keys(all).toSorted()) text += `&${name}=${all[name]!.replaceAll(/[&=]/g, '_')}`;
  return carried({ ...all, sig: createHmac(algorithm, secret).update(text).digest('hex') }, as);
}

export function carried(fields: Record<string, string>, as: 'json' | 'form' | 'query'): VonageCallback {
  if (as === 'query') return { method: 'GET', headers: {}, query: fields, body: '' };
  const type = as === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
  const body = as === 'json' ? JSON.stringify(fields) : new URLSearchParams(fields).toString();
  return { method: 'POST', headers: { 'content-type': type }, query: {}, body };
}

const minutes = (at: Date) => at.toISOString().replaceAll(/[-:T]/g, '').slice(2, 12);
const moment = (at: Date) => at.toISOString().slice(0, 19).replace('T', ' ');

/** The fields of a delivery receipt. */
export const smsReceipt = (
  message: { id: string; to: string; reference?: string | undefined },
  status: string,
  { code = status === 'delivered' ? '0' : '1', at = new Date(), pushedAt = at }: { code?: string; at?: Date; pushedAt?: Date } = {},
): Record<string, string> => ({
  msisdn: message.to,
  to: 'Acme',
  'network-code': '21401',
  messageId: message.id,
  price: '0.03000000',
  status,
  scts: minutes(at),
  'err-code': code,
  'api-key': 'a1b2c3d4',
  'message-timestamp': moment(pushedAt),
  ...(message.reference !== undefined && { 'client-ref': message.reference }),
});

/** What became of a request at its channel. */
export const verifyEvent = (message: { id: string; reference?: string | undefined }, status: string, at = new Date(), channel = 'sms') => ({
  request_id: message.id,
  triggered_at: new Date(at.getTime() - 1000).toISOString(),
  type: 'event',
  channel,
  status,
  finalized_at: at.toISOString(),
  client_ref: message.reference,
});

/** How a request ended. */
export const verifySummary = (message: { id: string; reference?: string | undefined }, status: string, at = new Date()) => ({
  request_id: message.id,
  submitted_at: at.toISOString(),
  status,
  type: 'summary',
  channel_timeout: 60,
  workflow: [{ channel: 'sms', initiated_at: at.toISOString(), status }],
  client_ref: message.reference,
});

/** As a provider gets it. */
export const received = ({ method, headers, query, body }: VonageCallback): Callback => ({
  method,
  headers,
  query,
  rawBody: Buffer.from(body),
  url: 'https://watchword.test/api/callbacks/x/token',
});

/** Over the wire. */
export const deliver = (url: string, { method, headers, query, body }: VonageCallback): Promise<Response> =>
  fetch(`${url}${method === 'GET' ? `?${new URLSearchParams(query).toString()}` : ''}`, {
    method,
    headers,
    ...(method === 'POST' && { body }),
  });
