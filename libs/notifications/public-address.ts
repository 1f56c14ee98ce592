import { lookup, Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { DeliveryError } from './delivery-error.js';

export interface Address {
  address: string;
  family: number;
}

/** Azure answers its machines here, although the address is a public one. The other clouds' are link-local, CGNAT or unique local. */
const METADATA = new Set(['168.63.129.16']);

/**
 * Asks name servers by itself. The system's look-up holds one of a few threads, which the calls of vendors need, too: names whose servers
 * do not answer, and anybody can have those, would hold them all.
 */
const nameServers = new Resolver({ timeout: 1_500, tries: 2 });

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
 * @param allowPrivate what the machine knows by itself (/etc/hosts) counts, too
 * @throws DeliveryError
 */
export async function resolve(host: string, allowPrivate: boolean, resolver = nameServers): Promise<Address[]> {
  if (isIP(host)) return allowed([{ address: host, family: isIP(host) }], allowPrivate);
  if (allowPrivate) return bySystem(host);
  if (isLocalName(host)) throw new DeliveryError('configuration', 'destination_not_allowed');
  return allowed(await byNameServers(host, resolver), false);
}

/** RFC 6761 section 6.3: never another machine. */
export const isLocalName = (host: string) => /(^|\.)localhost\.?$/i.test(host);

function allowed(addresses: Address[], allowPrivate: boolean): Address[] {
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

async function bySystem(host: string): Promise<Address[]> {
  try {
    return await lookup(host, { all: true });
  } catch (error) {
    throw unresolved([error]);
  }
}

async function byNameServers(host: string, resolver: Resolver): Promise<Address[]> {
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const addresses = answers.flatMap((answer, at) =>
    answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family: at === 0 ? 4 : 6 })) : [],
  );
  if (addresses.length === 0) throw unresolved(answers.map((answer) => (answer as PromiseRejectedResult).reason));
  return addresses;
}

/** Nobody has the name; or nobody could be asked. */
function unresolved(errors: unknown[]): DeliveryError {
  const nobodys = errors.every((error) => ['ENOTFOUND', 'ENODATA', 'EBADNAME'].includes(String((error as { code?: string })?.code)));
  return nobodys ? new DeliveryError('configuration', 'unknown_host') : new DeliveryError('retryable', 'unreachable');
}
