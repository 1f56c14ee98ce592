import type { z } from 'zod';
import type { Channel, OutboundMessage } from './channel.js';

/** How to reach the vendor, decided by the operator and the engine, never by a company. */
export interface Transport {
  /** The engine's patience. Hand it to the SDK or to fetch; an abort is an ambiguous failure. */
  signal: AbortSignal;
  /** Instead of the vendor's own address: PROVIDER_ENDPOINTS, for private links and simulators. No trailing slash. */
  endpoint?: string | undefined;
  /** Whether addresses that are not public may be connected to (PRIVATE_DESTINATIONS). */
  allowPrivate: boolean;
}

export interface Accepted {
  /** The vendor's id for the message: what its receipts name. */
  providerMessageId: string;
}

/** A request from the vendor to us, as it came. Header names are lower case. */
export interface Callback {
  method: string;
  headers: Readonly<Record<string, string | undefined>>;
  query: Readonly<Record<string, string | undefined>>;
  /** The bytes that were signed. */
  rawBody: Buffer;
  /** Where it came: the callbackUrl of the company's settings, without query. */
  url: string;
}

/** Something a vendor tells us. `eventId` is the vendor's, or derived from all that makes the event itself: the same event again has the same. */
export type ProviderEvent =
  | {
      type: 'receipt';
      eventId: string;
      /** Either of them finds the attempt. */
      attemptId?: string | undefined;
      providerMessageId?: string | undefined;
      /** `progress` ends nothing: ringing, sent to the carrier. */
      outcome: 'delivered' | 'failed' | 'progress';
      /** Ours or the vendor's short code: `busy`, `no_answer`, `play_failed`, `30005`. Holds no secret, number or message. */
      reason?: string | undefined;
      /** When, by the vendor's clock. */
      at: Date;
      /** What `react` needs, such as the call's id. */
      data?: Readonly<Record<string, string>> | undefined;
    }
  | {
      /** Somebody showed up at the vendor with a token of ours (Telegram's `/start <token>`). */
      type: 'contact';
      eventId: string;
      token: string;
      /** How to reach them from now on. */
      address: string;
    }
  | {
      /** Somebody cannot be reached any more. */
      type: 'gone';
      eventId: string;
      address: string;
    };

export interface Received {
  events: ProviderEvent[];
  /** What the vendor wants to read; 200 with no body when absent. */
  reply?: { status?: number; headers?: Record<string, string>; body?: unknown };
}

/** A callback that is not the vendor's, or not about this company: answered with 401, and nothing changes. */
export class CallbackRefused extends Error {
  override readonly name = 'CallbackRefused';
}

/**
 * One vendor. Knows no database, queue, tenant or clock of ours: retry, failover, rate, breaker, storage and audit stand around it once.
 * SDK retries are off. Every method throws DeliveryError and nothing else on purpose; whatever else escapes counts as ambiguous.
 */
export abstract class MessageProvider<Settings extends z.ZodType = z.ZodType> {
  /** Stored with each attempt and part of URLs; never rename. */
  abstract readonly id: string;
  /** What people call it, in any language. */
  abstract readonly title: string;
  abstract readonly channels: readonly Channel[];

  /**
   * What a company fills in. `.meta({ secret: true })` marks what is never read back, `.describe()` what the form shows, and
   * `.meta({ destination: true })` what decides to whom the secrets are shown: stored ones do not follow to another.
   */
  abstract readonly settings: Settings;

  /** Whether the vendor tells us what became of a message. Otherwise its yes is the last word. */
  abstract readonly reports: boolean;

  /** telegram only: `to` is a phone number, not a chat; `too`: either. */
  readonly byPhoneNumber: boolean | 'too' = false;

  /** The vendor writes the words itself and takes only a code: it cannot carry a message without one. */
  readonly codesOnly: boolean = false;

  /** Most calls under way at once, of one company in one process. */
  readonly concurrency: number = 32;

  /** Hands the message over, once. @throws DeliveryError */
  abstract send(message: OutboundMessage, settings: z.output<Settings>, transport: Transport): Promise<Accepted>;

  /** Proves that a callback is the vendor's and reads it. Calls nobody. @throws CallbackRefused */
  receive?(callback: Callback, settings: z.output<Settings>, transport: Transport): Promise<Received>;

  /**
   * What must follow an event, such as speaking once the phone is picked up. Called once for each event that is new, again if it throws.
   * `message` is the one of the attempt, or undefined when it is over.
   */
  react?(event: ProviderEvent, message: OutboundMessage | undefined, settings: z.output<Settings>, transport: Transport): Promise<void>;

  /** Where a person goes to be reachable here at all, bringing `token` along: it comes back in a `contact` event. */
  contactLink?(settings: z.output<Settings>, token: string): string;

  /** Runs when a company saves its settings: tells the vendor where to call back, checks credentials. @throws DeliveryError */
  install?(settings: z.output<Settings>, callbackUrl: string, transport: Transport): Promise<void>;
}
