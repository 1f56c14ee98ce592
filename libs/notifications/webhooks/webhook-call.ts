import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeliveryError } from '../delivery-error.js';
import { type Address, pinned, resolve, within } from '../public-address.js';

/** How long an answer's body is listened to. Nothing in it matters, but who is cut off in the middle of it may take fright. */
const FAREWELL_MS = 500;
const NOT_TRUSTED = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/;

/** What came of one call: a status, or the reason why there is none. */
export type Answer = Told | { status?: undefined; reason: string; retryAfter?: undefined };
interface Told {
  status: number;
  reason?: undefined;
  /** Seconds that it asks for before the next attempt. */
  retryAfter?: number | undefined;
}

export interface Terms {
  signal: AbortSignal;
  /** Addresses that are not public, too. */
  allowPrivate: boolean;
  /** Over https alone. */
  encrypted: boolean;
}

/** Posts once. Follows nothing, keeps nothing of the answer but its status and when to come again. */
export async function callWebhook(
  address: string,
  headers: Record<string, string>,
  body: string,
  { signal, allowPrivate, encrypted }: Terms,
): Promise<Answer> {
  try {
    const url = new URL(address);
    // It may have been registered under other settings of ours.
    if (encrypted && url.protocol !== 'https:') return { reason: 'unencrypted' };
    const addresses = await within(signal, resolve(hostOf(url), allowPrivate));
    return await post(url, addresses, headers, body, signal);
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

/** To one of the addresses that were checked, and not to the name, which may mean another the second time. */
export async function post(
  url: URL,
  addresses: Address[],
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<Told> {
  const bytes = Buffer.from(body);
  const request = (url.protocol === 'https:' ? https : http).request(url, {
    method: 'POST',
    headers: { ...headers, 'content-length': bytes.length },
    lookup: pinned(addresses),
    // A connection of its own: one that is kept was made to what the name meant then.
    agent: false,
    minVersion: 'TLSv1.2',
    signal,
  });
  return answerOf(request, bytes);
}

/** As a resolver and `isIP` take it: an IPv6 address is without its brackets. */
export const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '');

async function answerOf(request: ClientRequest, bytes: Buffer): Promise<Told> {
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  request.end(bytes);
  const [response] = await answered;
  request.on('error', () => undefined);
  response.on('error', () => undefined).resume();
  const over = new Promise((resolve) => response.once('close', resolve));
  await Promise.race([over, sleep(FAREWELL_MS, undefined, { ref: false })]);
  request.destroy();
  const { statusCode: status, headers } = response;
  return { status: status!, retryAfter: secondsOf(headers['retry-after']) };
}

/** RFC 9110 §10.2.3: seconds, or a time. */
function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1_000;
  return seconds > 0 ? Math.ceil(seconds) : undefined;
}

/** Words of ours: what was said over the line stays there. */
function reasonOf(error: unknown): string {
  if (error instanceof DeliveryError) return error.reason;
  const { name, code } = error as { name?: string; code?: string };
  if (name === 'AbortError' || name === 'TimeoutError') return 'timeout';
  if (NOT_TRUSTED.test(String(code))) return 'untrusted_server';
  return code === 'ECONNRESET' || String(code).startsWith('HPE_') ? 'connection_lost' : 'unreachable';
}
