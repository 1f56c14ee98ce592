import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { Channel, OutboundMessage } from '../channel.js';
import type { MessageProvider, Transport } from '../message-provider.js';

/** What a scripted vendor does with the next request. `reset`: reads it, accepts it, and hangs up without an answer. */
export type Behaviour = 'accept' | 'refuse' | 'throttle' | 'misconfigured' | 'error' | 'hang' | 'reset';

/** A loopback server that speaks the vendor's protocol, verifies the vendor's own signature and answers as told. */
export interface VendorSimulator {
  /** For Transport.endpoint. */
  readonly url: string;
  /** One entry for each coming request, then `accept` for ever. `throttle` asks for 7 seconds where the vendor's protocol can say so. */
  script(...behaviours: Behaviour[]): void;
  /** Messages taken, in order (`reset` counts: the vendor has it). */
  readonly accepted: { id: string; to: string; text: string; reference?: string | undefined }[];
  /** Requests whose signature or form was wrong: must stay empty. */
  readonly violations: string[];
  stop(): Promise<void>;
}

export interface ProviderFixture<S extends z.ZodType> {
  provider: MessageProvider<S>;
  simulator: () => Promise<VendorSimulator>;
  /** As a company fills them in, for the simulator. */
  settings: (simulator: VendorSimulator) => z.input<S>;
  to: string;
  /** The vendor's protocol can name seconds to wait. */
  namesRetryAfter?: boolean;
  /** What `error` (a 5xx) means here: whether the vendor promises that nothing went out. */
  serverErrorIs?: 'retryable' | 'ambiguous';
  /** `send` only makes the phone ring: the words go out from `react`. */
  speaksLater?: boolean;
  /** Nothing leaves the process: there is no door that could be closed. */
  inProcess?: boolean;
}

export const outbound = (channel: Channel, to: string, change: Partial<OutboundMessage> = {}): OutboundMessage => ({
  attemptId: randomUUID(),
  channel,
  to,
  text: 'Your Acme code is 493817.',
  code: '493817',
  ...(channel === 'email' && { subject: 'Your code', html: '<p>Your Acme code is <b>493817</b>.</p>' }),
  locale: 'en',
  brand: 'Acme',
  expiresAt: new Date(Date.now() + 300_000),
  callbackUrl: 'https://watchword.test/api/callbacks/x/token',
  ...change,
});

/** Nobody listens here, and unlike 1, 7 or 9 fetch agrees to try (https://fetch.spec.whatwg.org/#port-blocking). */
const CLOSED_PORT = '2';

/** The contract every provider keeps, run with the vendor's real SDK or protocol against a loopback server. */
export function describeProvider<S extends z.ZodType>(fixture: ProviderFixture<S>) {
  const { provider, namesRetryAfter = false, serverErrorIs = 'retryable', speaksLater = false, inProcess = false } = fixture;

  describe(`${provider.id}, as every provider`, () => {
    let simulator: VendorSimulator;
    beforeAll(async () => void (simulator = await fixture.simulator()));
    afterAll(() => simulator.stop());

    const transport = (patience = 5_000): Transport => ({
      endpoint: simulator.url,
      allowPrivate: true,
      signal: AbortSignal.timeout(patience),
    });
    const settings = () => provider.settings.parse(fixture.settings(simulator)) as z.output<S>;

    describe.each(provider.channels.map((channel) => ({ channel })))('by $channel', ({ channel }) => {
      const send = (change: Partial<OutboundMessage> = {}, patience?: number) =>
        provider.send(outbound(channel, fixture.to, change), settings(), transport(patience));
      const sent = () => simulator.accepted.length;

      it('hands the message over once and returns the id that receipts will name', async () => {
        const before = sent();
        const { providerMessageId } = await send();
        expect(sent()).toBe(before + 1);
        expect(providerMessageId).toBe(simulator.accepted.at(-1)!.id);
        if (!speaksLater) expect(simulator.accepted.at(-1)!.text).toContain('493817');
        expect(simulator.violations).toEqual([]);
      });

      it('says that a refusal is definite', async () => {
        simulator.script('refuse');
        await expect(send()).rejects.toMatchObject({ name: 'DeliveryError', kind: 'definite' });
      });

      it('says that throttling passes, and when', async () => {
        simulator.script('throttle');
        await expect(send()).rejects.toMatchObject({
          name: 'DeliveryError',
          kind: 'retryable',
          ...(namesRetryAfter && { details: { retryAfter: 7 } }),
        });
      });

      it('says that wrong credentials are a matter of configuration', async () => {
        simulator.script('misconfigured');
        await expect(send()).rejects.toMatchObject({ name: 'DeliveryError', kind: 'configuration' });
      });

      it('judges a server error, and does not try again by itself', async () => {
        const before = sent();
        simulator.script('error', 'accept');
        await expect(send()).rejects.toMatchObject({ name: 'DeliveryError', kind: serverErrorIs });
        expect(sent()).toBe(before);
        simulator.script();
      });

      it('gives up when its time is over, and says that nobody knows', async () => {
        simulator.script('hang');
        const started = performance.now();
        await expect(send({}, 300)).rejects.toMatchObject({ name: 'DeliveryError', kind: 'ambiguous' });
        expect(performance.now() - started).toBeLessThan(4_000);
      });

      it('says that nobody knows when the line goes dead after the request, and does not send twice', async () => {
        const before = sent();
        simulator.script('reset', 'accept');
        await expect(send()).rejects.toMatchObject({ name: 'DeliveryError', kind: 'ambiguous' });
        expect(sent()).toBe(before + 1);
        simulator.script();
      });

      if (!inProcess)
        it('says that nothing went out when nobody answers the door', async () => {
          const closed = { ...transport(), endpoint: simulator.url.replace(/:\d+/, `:${CLOSED_PORT}`) };
          await expect(provider.send(outbound(channel, fixture.to), unreachable(), closed)).rejects.toMatchObject({
            name: 'DeliveryError',
            kind: 'retryable',
          });
        });

      it('tells neither code, nor recipient, nor secret in any error', async () => {
        const secrets = Object.values(fixture.settings(simulator) as Record<string, unknown>).filter(
          (value): value is string => typeof value === 'string' && value.length >= 12,
        );
        for (const behaviour of ['refuse', 'throttle', 'misconfigured', 'error', 'reset'] as const) {
          simulator.script(behaviour);
          const error = (await send().catch((caught: unknown) => caught)) as Error & { details?: object };
          const told = JSON.stringify([error.message, error.stack, error.details, error.cause === undefined ? '' : String(error.cause)]);
          for (const secret of ['493817', fixture.to, ...secrets]) expect(told).not.toContain(secret);
        }
        simulator.script();
      });

      /** The same settings, for an address where nobody listens. */
      const unreachable = () => {
        const text = JSON.stringify(fixture.settings(simulator)).replaceAll(new URL(simulator.url).port, CLOSED_PORT);
        return provider.settings.parse(JSON.parse(text)) as z.output<S>;
      };
    });

    it('refuses empty settings, and never shows a secret in its refusal', () => {
      expect(provider.settings.safeParse({}).success).toBe(Object.keys(fixture.settings(simulator) as object).length === 0);
    });
  });
}
