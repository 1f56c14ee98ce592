import ipaddr from 'ipaddr.js';
import type { FastifyRequest } from 'fastify';

/** An IPv6 address as text, with an IPv4 one in it. */
const LONGEST = 45;

/** Reading an address costs as much as counting its request, and every request needs its own three times. */
function remembered(read: (address: string) => string) {
  const known = new Map<string, string>();
  return (address: string) => {
    const before = known.get(address);
    if (before !== undefined) return before;
    const text = read(address);
    if (known.size >= 10_000) known.clear();
    if (address.length <= LONGEST) known.set(address, text); // what a header claims may be anything
    return text;
  };
}

const canonical = remembered((address) => (ipaddr.isValid(address) ? ipaddr.process(address).toString() : ''));

/** The client's address by trusted proxies only; an unreadable header falls back to the peer of the connection. */
export function clientAddress(request: FastifyRequest): string {
  return canonical(request.ip) || (request.socket.remoteAddress ?? '0.0.0.0');
}

/** What one customer of a network has: an IPv4 address, or an IPv6 /64 (a host may use any address in it). */
export const addressBlock = remembered((address: string): string => {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4'
    ? parsed.toString()
    : `${(parsed as ipaddr.IPv6).parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')}::/64`;
});
