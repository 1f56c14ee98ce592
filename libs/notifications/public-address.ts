import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { DeliveryError } from './delivery-error.js';

export interface Address {
  address: string;
  family: number;
}

/** Azure answers its machines here, although the address is a public one. The other clouds' are link-local, CGNAT or unique local. */
const METADATA = new Set(['168.63.129.16']);

/** All of IPv6 that is handed out (RFC 4291 section 2.4, IANA). `::7f00:1`, an old form of 127.0.0.1, is not in it. */
const HANDED_OUT = ipaddr.parseCIDR('2000::/3');

/** Whether anybody on the internet could reach it: not private, loopback, link-local, CGNAT, reserved, or an IPv6 wrapping of those. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv6' && !parsed.match(HANDED_OUT)) return false;
  return parsed.range() === 'unicast' && !METADATA.has(parsed.toString());
}

/**
 * Looks the host up once. Whoever connects goes to the addresses that were checked, not to the name again:
 * a name may answer differently the second time.
 * @throws DeliveryError
 */
export async function resolve(host: string, allowPrivate: boolean): Promise<Address[]> {
  const addresses = isIP(host) ? [{ address: host, family: isIP(host) }] : await ask(host);
  // One bad address condemns the name: which of them is connected to is nobody's choice but the network's.
  if (!allowPrivate && !addresses.every(({ address }) => isPublic(address)))
    throw new DeliveryError('configuration', 'destination_not_allowed');
  return addresses;
}

/** What the resolver says when a connection is made to a name that was checked: those addresses, whatever it would say by now. */
export const pinned =
  (addresses: Address[]): LookupFunction =>
  (_host, { all }, answer) =>
    all ? answer(null, addresses) : answer(null, addresses[0]!.address, addresses[0]!.family);

/** A look-up cannot be called off, only left behind. @throws DeliveryError */
export function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new DeliveryError('retryable', 'timeout'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

async function ask(host: string): Promise<Address[]> {
  try {
    return await lookup(host, { all: true });
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOTFOUND') throw new DeliveryError('configuration', 'unknown_host');
    throw new DeliveryError('retryable', 'unreachable');
  }
}
