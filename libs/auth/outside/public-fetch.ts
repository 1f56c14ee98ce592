import { once } from 'node:events';
import { type IncomingMessage, request as plain } from 'node:http';
import { request as secure } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { CustomFetch } from 'openid-client';
import { type Address, resolveDestination } from '@app/notifications';

/** More than any metadata, keys or tokens have. */
const MOST_BYTES = 512 * 1024;

/**
 * fetch for addresses that a company wrote down: goes to public addresses alone, and to those that were looked at, whatever the name says a
 * moment later; follows no redirect; reads no more than it must.
 */
export const publicFetch =
  (allowPrivate: boolean): CustomFetch =>
  async (address, { method, headers, body, signal }) => {
    const url = new URL(address);
    const addresses = await resolveDestination(url.hostname.replace(/^\[(.*)\]$/, '$1'), allowPrivate);
    const request = (url.protocol === 'https:' ? secure : plain)(url, {
      method,
      headers: { ...headers },
      agent: false,
      lookup: pinned(addresses),
      ...(signal && { signal }),
    });
    request.end(body instanceof URLSearchParams ? body.toString() : body);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const text = await bounded(answer);
    const status = answer.statusCode!;
    return new Response(status === 204 || status === 304 ? null : text, { status, headers: named(answer) });
  };

const pinned =
  (addresses: Address[]): LookupFunction =>
  (_host, { all }, answer) =>
    all ? answer(null, addresses) : answer(null, addresses[0]!.address, addresses[0]!.family);

async function bounded(answer: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_BYTES) {
      answer.destroy();
      throw new Error('The answer is too large');
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const named = ({ headers }: IncomingMessage): [string, string][] =>
  Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]);
