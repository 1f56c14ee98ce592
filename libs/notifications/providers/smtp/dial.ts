import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Address, pinned } from '../../public-address.js';
import { smtpFailure } from './smtp-failure.js';

/** Connects to one of the addresses that were checked; the name is not looked up again. @throws DeliveryError */
export async function dial(host: string, port: number, addresses: Address[], signal: AbortSignal): Promise<Socket> {
  const socket = connect({
    host,
    port,
    lookup: pinned(addresses),
    // In turn, as RFC 8305 has it.
    autoSelectFamily: true,
  });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw smtpFailure(error, false);
  }
}
