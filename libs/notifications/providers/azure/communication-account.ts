import { z } from 'zod';
import type { Transport } from '../../message-provider.js';

/** One Azure Communication Services resource: what SMS and voice both need. The host is Azure's, never a company's choice. */
export const communicationAccount = {
  endpoint: z
    .string()
    .max(200)
    .regex(
      /^https:\/\/[a-z0-9-]{1,63}(\.[a-z0-9-]{1,40})?\.communication\.azure\.com\/?$/i,
      'must be https://<resource>.communication.azure.com',
    )
    .describe('Endpoint of the Communication Services resource, such as https://acme.communication.azure.com'),
  access_key: z
    .string()
    .min(24)
    .max(200)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'must be an access key as the portal shows it')
    .meta({ secret: true })
    .describe('One of the two access keys of the resource'),
};

export interface CommunicationAccount {
  endpoint: string;
  access_key: string;
}

const CLIENTS = 100;

/** A fresh object each time: Call Automation writes into its options. */
const options = (address: string) => ({
  retryOptions: { maxRetries: 0 },
  redirectOptions: { maxRetries: 0 },
  allowInsecureConnection: address.startsWith('http:'),
});

/**
 * Building a client builds a whole pipeline, so those of the companies that sent last are kept.
 * `create` may load the SDK itself: a process that never sends never pays for it (a quarter of a second, and 20 MB).
 */
export class CommunicationClients<Client> {
  private readonly clients = new Map<string, Promise<Client>>();

  constructor(private readonly create: (address: string, credential: { key: string }, options: object) => Promise<Client>) {}

  get(account: CommunicationAccount, transport: Transport): Promise<Client> {
    const address = (transport.endpoint ?? account.endpoint).replace(/\/$/, '');
    const name = `${address} ${account.access_key}`;
    const client = this.clients.get(name) ?? this.create(address, { key: account.access_key }, options(address));
    this.clients.delete(name);
    this.clients.set(name, client);
    if (this.clients.size > CLIENTS) this.clients.delete(this.clients.keys().next().value!);
    return client;
  }

  get size(): number {
    return this.clients.size;
  }
}
