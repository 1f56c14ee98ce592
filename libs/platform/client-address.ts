import ipaddr from 'ipaddr.js';
import type { FastifyRequest } from 'fastify';

/** The client's address by trusted proxies only; an unreadable header falls back to the peer of the connection. */
export function clientAddress(request: FastifyRequest): string {
  const claimed = request.ip;
  return ipaddr.isValid(claimed) ? ipaddr.process(claimed).toString() : (request.socket.remoteAddress ?? '0.0.0.0');
}

/** What one customer of a network has: an IPv4 address, or an IPv6 /64 (a host may use any address in it). */
export function addressBlock(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4'
    ? parsed.toString()
    : `${(parsed as ipaddr.IPv6).parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')}::/64`;
}
