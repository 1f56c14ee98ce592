import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createContext, runInContext } from 'node:vm';
import { altered, DeliveryWorld, eventually, newNumber, type Sender } from './support/delivery-world.js';

/** What docs/auth0.md asks people to paste. */
const [, ACTION] = /^```js\n([\s\S]*?)^```$/m.exec(readFileSync('docs/auth0.md', 'utf8'))!;

let world: DeliveryWorld;
let sender: Sender;
beforeAll(async () => {
  world = await DeliveryWorld.start();
  sender = await world.sender();
}, 180_000);
afterAll(() => world.stop());

/** Runs the pasted text, and nothing else, as Auth0 does; says what it asked of Auth0. */
async function action(event: object, { fetch: call = fetch }: { fetch?: typeof fetch } = {}): Promise<string[]> {
  const asked: string[] = [];
  const exports: { onExecuteCustomPhoneProvider?: (event: object, api: object) => Promise<void> } = {};
  const require = (name: string) => {
    if (name !== 'node:crypto') throw new Error(`The Action needs ${name}`);
    return createRequire(import.meta.url)(name);
  };
  runInContext(ACTION!, createContext({ exports, require, fetch: call, AbortSignal }));
  const notification = {
    retry: (reason: string) => asked.push(`retry: ${reason}`),
    drop: (reason: string) => asked.push(`drop: ${reason}`),
  };
  await exports.onExecuteCustomPhoneProvider!(event, { notification, cache: {} });
  return asked;
}

/** The event object of the trigger custom-phone-provider. */
const eventOf = (notification: object, { key = sender.key, correlation = crypto.randomUUID() as string | undefined } = {}) => ({
  client: { client_id: 'AaiyAPdpYdesoKnqjj8HJqRn4T5titww', metadata: {}, name: 'My App' },
  connection: { id: 'con_fpe5kj482KO1eOzQ', name: 'Username-Password-Authentication', strategy: 'auth0', metadata: {} },
  notification: {
    as_text: 'Your verification code is 481624. https://acme.example',
    as_voice: 'Your verification code is 4, 8, 1, 6, 2, 4',
    code: '481624',
    delivery_method: 'text',
    locale: 'es_ES',
    message_type: 'otp_verify',
    ...notification,
  },
  request: {
    geoip: { countryCode: 'ES' },
    hostname: 'acme.eu.auth0.com',
    ip: '203.0.113.7',
    language: 'en',
    method: 'POST',
    user_agent: 'curl/8',
  },
  secrets: { WATCHWORD_URL: world.stack.urls[0], WATCHWORD_API_KEY: key },
  tenant: { id: 'acme' },
  ...(correlation && { transaction: { correlation_id: correlation } }),
  user: { user_id: 'auth0|5f7c8ec7c33c6c004bbafe82', email: 'ada@acme.example', app_metadata: {}, user_metadata: {} },
});
const textsTo = (number: string) => world.vonage.accepted.filter(({ to }) => to === number.slice(1)).map(({ text }) => text);
const spaced = (number: string) => `${number.slice(0, 3)} ${number.slice(3, 6)} ${number.slice(6)}`;

describe('The Action of docs/auth0.md', () => {
  it("brings Auth0's code to the phone, in the person's language, and asks Auth0 for nothing more", async () => {
    const to = newNumber();
    expect(await action(eventOf({ recipient: spaced(to) }))).toEqual([]);
    expect(await eventually(() => textsTo(to)[0])).toMatch(/^481624 es tu clave de Acme/);
    expect(textsTo(to)[0], 'and none of its words').not.toContain('acme.example');
    const [row] = await sender.company.sql('select reference, locale, person_ip from verification order by created_at desc limit 1');
    expect(row).toEqual({ reference: 'otp_verify', locale: 'es-ES', person_ip: '203.0.113.7' });
  });

  it('sends once, however often Auth0 tries: with an answer that was lost, and all tries at once', async () => {
    const to = newNumber();
    const event = eventOf({ recipient: to });
    const lost: typeof fetch = async (...request) => {
      await fetch(...request);
      throw new TypeError('fetch failed');
    };
    expect(await action(event, { fetch: lost })).toEqual(['retry: Watchword cannot be reached.']);
    const elsewhere = { ...event, secrets: { ...event.secrets, WATCHWORD_URL: world.stack.urls[1] } };
    expect((await Promise.all([event, elsewhere, event, elsewhere].map((each) => action(each)))).flat()).toEqual([]);
    await eventually(() => textsTo(to)[0]);
    expect(await sender.company.sql(`select from verification where workflow->0->>'masked' like $1`, [`%${to.slice(-3)}`])).toHaveLength(1);
    expect(await action(eventOf({ recipient: to })), 'another transaction is another message').toEqual([]);
    await eventually(() => textsTo(to).length === 2);
  });

  it('sends words without a code only with the scope for it, once where Auth0 names the transaction', async () => {
    const to = newNumber();
    const blocked = { recipient: to, code: undefined, as_text: 'Your account was blocked.', message_type: 'blocked_account' };
    const { key } = await sender.company.apiKey(['verifications:send']);
    expect(await action(eventOf(blocked, { key }))).toEqual([expect.stringMatching(/^drop: Watchword answered 403: .*messages:raw/)]);
    const event = eventOf(blocked);
    expect([...(await action(event)), ...(await action(event))]).toEqual([]);
    expect(await eventually(() => textsTo(to)[0])).toBe('Your account was blocked.');
    expect(textsTo(to)).toHaveLength(1);
  });

  it('gives up where trying again would not help, and else does not', async () => {
    const unreachable = {
      ...eventOf({ recipient: newNumber() }),
      secrets: { WATCHWORD_URL: 'http://127.0.0.1:1', WATCHWORD_API_KEY: sender.key },
    };
    expect(await action(unreachable)).toEqual(['retry: Watchword cannot be reached.']);
    expect(await action(eventOf({ recipient: '+33612345678' }))).toEqual([expect.stringMatching(/^drop: Watchword answered 403: /)]);
    expect(await action(eventOf({ recipient: '+34123456789' }))).toEqual([
      expect.stringMatching(/^drop: Watchword answered 400: recipient: /),
    ]);
    expect(await action(eventOf({ recipient: newNumber() }, { key: altered(sender.key) }))).toEqual([
      'drop: Watchword answered 401: This API key is not valid.',
    ]);
    const to = newNumber();
    for (let sent = 0; sent < 10; sent++) expect(await action(eventOf({ recipient: to }))).toEqual([]);
    expect(await action(eventOf({ recipient: to }))).toEqual([expect.stringMatching(/^retry: Watchword answered 429: Rule "number"/)]);
    const busy: typeof fetch = async () => new Response('<html>', { status: 502 });
    expect(await action(eventOf({ recipient: to }), { fetch: busy })).toEqual(['retry: Watchword answered 502: no reason']);
  });
});

describe('POST /hooks/auth0', () => {
  it.each(['second-factor-authenticator', 'second-factor-authentication', 'enrollment'])(
    "takes Auth0's body with the action %s",
    async (name) => {
      const recipient = newNumber();
      const body = {
        from: '+18005551234',
        action: name,
        language: 'en',
        recipient,
        message_type: 'text',
        text: 'Your code is 481624',
        code: '481624',
      };
      const answer = await world.call('POST', '/hooks/auth0', { body, token: sender.key });
      expect([answer.status, answer.body]).toEqual([200, { status: 'accepted', id: expect.stringMatching(/^[0-9a-f-]{36}$/) }]);
      expect(await eventually(() => textsTo(recipient)[0])).toMatch(/^481624 is your Acme code/);
      expect((await sender.call('GET', `/api/verifications/${answer.body.id}`)).body.reference).toBe(name);
    },
  );

  it.each<[object, string]>([
    [{}, 'recipient'],
    [{ recipient: 7 }, 'recipient'],
    [{ recipient: '+34612000003', code: '12' }, 'code'],
    [{ recipient: '+34612000003', code: '<b>1234' }, 'code'],
    [{ recipient: '+34612000003', message_type: 'pigeon', code: '1234' }, 'message_type'],
  ])('refuses %j as `detail`', async (body, field) => {
    const answer = await world.call('POST', '/hooks/auth0', { body, token: sender.key });
    expect([answer.status, answer.body]).toEqual([400, { detail: expect.stringContaining(`${field}:`) }]);
  });
});
