import { randomBytes } from 'node:crypto';
import { type Algorithm, Authenticator, ORIGIN, type Wrong } from '../../../../test/simulators/authenticator.js';
import { Compromised } from '../../factor.js';
import { WebAuthnFactor, type WebAuthnState } from './webauthn.factor.js';

const PARTY = { id: 'watchword.test', origins: [ORIGIN, 'https://app.watchword.test'] };

beforeAll(() => {
  const key = () => randomBytes(32).toString('base64');
  const keys = { SEALING_KEY: key(), HASHING_KEY: key(), TENANT_KEY: key() };
  Object.assign(process.env, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', ...keys });
});

const factor = Object.assign(new WebAuthnFactor(), { relyingParty: () => PARTY });
const POLICY = { totpWindow: 1 } as const;
const ADA = { account: 'ada@acme.test', issuer: 'Acme' };
const text = () => randomBytes(36).toString('base64url');
const handle = randomBytes(32).toString('base64url');

const started = async (exclude: object[] = []) => {
  const challenge = text();
  const { state, reveal } = await factor.enroll(ADA, { challenge, handle, exclude });
  return { state, challenge, options: reveal.webauthn as any };
};

async function registers(authenticator: Authenticator, wrong: Wrong = {}, expected?: string) {
  const { state, challenge, options } = await started();
  const answer = authenticator.create(options, wrong);
  const next = await factor.verify(state, answer, new Date(), POLICY, { text: expected ?? challenge, isFirstStep: false });
  return next as WebAuthnState | undefined;
}

async function answers(authenticator: Authenticator, state: WebAuthnState, wrong: Wrong = {}, isFirstStep = true, expected?: string) {
  const challenge = text();
  const options = await factor.signs.ask(isFirstStep ? [] : [state], challenge);
  return factor.verify(state, authenticator.get(options, wrong), new Date(), POLICY, { text: expected ?? challenge, isFirstStep });
}

const WRONG_ALWAYS: Record<string, Wrong> = {
  'of a page that only looks like ours': { origin: 'https://watchword.test.evil.test' },
  'of our host over http, where only https is ours': { origin: 'http://app.watchword.test' },
  'of the right page at another port': { origin: 'http://watchword.test:8080' },
  'for another domain': { rpId: 'evil.test' },
  'without a look at who holds it': { flags: { uv: false } },
  'without anybody there': { flags: { up: false } },
  'to another challenge': { challenge: text() },
  'in a frame of another page': { crossOrigin: true },
  'that says it is backed up and cannot be': { flags: { be: false, bs: true } },
};

describe('A passkey that is set up', () => {
  it('asks for one that its holder is found by, for their finger, face or PIN, and for no statement about the device', async () => {
    const exclude = [{ id: 'AAAA', transports: ['usb'] }];
    const { options, challenge, state } = await started(exclude);
    expect(options).toMatchObject({
      challenge,
      rp: { id: 'watchword.test', name: 'Acme' },
      user: { id: handle, name: 'ada@acme.test' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: [{ id: 'AAAA', type: 'public-key', transports: ['usb'] }],
    });
    expect(options.pubKeyCredParams.map(({ alg }: any) => alg)).toEqual([-8, -7, -257]);
    expect(state).toEqual({ handle });
  });

  it.each<Algorithm>(['ES256', 'EdDSA', 'RS256'])('signs with %s', async (algorithm) => {
    const authenticator = new Authenticator(algorithm);
    const state = (await registers(authenticator))!;
    expect(state).toMatchObject({ credentialId: authenticator.id.toString('base64url'), handle, isDeviceBound: false, isBackedUp: true });
    expect(await answers(authenticator, state)).toEqual(state);
  });

  it('may sign the first time with itself, and with nothing whose maker we would have to ask', async () => {
    expect(await registers(new Authenticator(), { attestation: 'packed-self' })).toBeDefined();
    const { privateKey: key } = new Authenticator();
    expect(await registers(new Authenticator(), { attestation: 'packed-self', key }), 'signed by another').toBeUndefined();
    for (const attestation of ['packed-x5c', 'none-with-statement', 'made-up'] as const)
      expect(await registers(new Authenticator(), { attestation }), attestation).toBeUndefined();
  });

  it.each(Object.entries({ ...WRONG_ALWAYS, 'that was meant as an answer': { type: 'webauthn.get' } }))('is none: %s', async (_, wrong) => {
    expect(await registers(new Authenticator(), wrong)).toBeUndefined();
  });

  it('is none with a kind of key we did not ask for, nor under another name than its own', async () => {
    expect(await registers(new Authenticator('ES384'))).toBeUndefined();
    const authenticator = new Authenticator();
    const { state, challenge, options } = await started();
    const answer = { ...authenticator.create(options), id: 'AAAA', rawId: 'AAAA' };
    expect(await factor.verify(state, answer, new Date(), POLICY, { text: challenge, isFirstStep: false })).toBeUndefined();
  });

  it('is called what it is', async () => {
    expect(factor.nameOf((await registers(new Authenticator()))!)).toBe('Passkey');
    const key = new Authenticator('ES256', { synced: false, counts: true, transports: ['usb', 'nfc'] });
    const state = (await registers(key))!;
    expect(factor.nameOf(state)).toBe('Security key');
    expect([factor.amrOf(state), factor.shown(state)]).toEqual([['hwk', 'user'], { synced: false }]);
    expect(factor.amrOf((await registers(new Authenticator()))!)).toEqual(['swk', 'user']);
  });
});

describe("A passkey's answer", () => {
  it.each(Object.entries({ ...WRONG_ALWAYS, 'that was meant to set one up': { type: 'webauthn.create' } }))(
    'is wrong: %s',
    async (_, wrong) => {
      const authenticator = new Authenticator();
      const state = (await registers(authenticator))!;
      expect(await answers(authenticator, state, wrong)).toBeUndefined();
      expect(await answers(authenticator, state), 'and without that it is right').toBeDefined();
    },
  );

  it('is wrong when any of it was changed, or another key signed it', async () => {
    const authenticator = new Authenticator();
    const state = (await registers(authenticator))!;
    const flip = (at: number) => (bytes: Buffer) => void (bytes[at]! ^= 1);
    for (const wrong of [
      { authenticatorData: flip(36) },
      { signature: flip(20) },
      { key: new Authenticator().privateKey },
      { id: new Authenticator().id.toString('base64url') },
    ] satisfies Wrong[])
      expect(await answers(authenticator, state, wrong), Object.keys(wrong)[0]!).toBeUndefined();
  });

  it("is wrong in another person's name; and in none, where nobody had said who signs in", async () => {
    const authenticator = new Authenticator();
    const state = (await registers(authenticator))!;
    const another = { userHandle: randomBytes(32).toString('base64url') };
    expect(await answers(authenticator, state, another)).toBeUndefined();
    expect(await answers(authenticator, state, another, false)).toBeUndefined();
    expect(await answers(authenticator, state, { userHandle: null })).toBeUndefined();
    expect(await answers(authenticator, state, { userHandle: null }, false)).toBeDefined();
  });

  it('is wrong without a challenge that was spent, and as text', async () => {
    const authenticator = new Authenticator();
    const state = (await registers(authenticator))!;
    const answer = authenticator.get(await factor.signs.ask([], text()));
    expect(await factor.verify(state, answer, new Date(), POLICY)).toBeUndefined();
    expect(await factor.verify(state, '123456', new Date(), POLICY, { text: text(), isFirstStep: true })).toBeUndefined();
    expect(factor.accepts('123456')).toBe(false);
  });

  it('counts on, and shows a copy when it counts back: but only to whoever can sign', async () => {
    const key = new Authenticator('ES256', { synced: false, counts: true });
    const state = (await registers(key))!;
    const next = (await answers(key, state, { counter: 7 })) as WebAuthnState;
    expect(next.counter).toBe(7);
    expect(await answers(key, next, { counter: 8 })).toMatchObject({ counter: 8 });
    for (const counter of [7, 3, 0]) expect(await answers(key, next, { counter }), String(counter)).toBeInstanceOf(Compromised);
    expect(await answers(key, next, { counter: 3, key: new Authenticator().privateKey })).toBeUndefined();
  });

  it('never counts, where it never did', async () => {
    const authenticator = new Authenticator();
    const state = (await registers(authenticator))!;
    const next = (await answers(authenticator, state)) as WebAuthnState;
    expect(await answers(authenticator, next)).toMatchObject({ counter: 0 });
  });

  it('cannot come from a device that it was never to be copied to; whether it is backed up may change', async () => {
    const authenticator = new Authenticator();
    const state = (await registers(authenticator))!;
    expect(await answers(authenticator, state, { flags: { be: false, bs: false } })).toBeUndefined();
    expect(await answers(authenticator, state, { flags: { bs: false } })).toMatchObject({ isBackedUp: false });
  });

  it('is asked of all that were set up, or of whichever its holder chooses', async () => {
    const states = [(await registers(new Authenticator()))!, (await registers(new Authenticator()))!];
    const all = (await factor.signs.ask(states, text())) as any;
    expect(all).toMatchObject({ rpId: 'watchword.test', userVerification: 'required' });
    expect(all.allowCredentials.map(({ id }: any) => id)).toEqual(states.map(({ credentialId }) => credentialId));
    expect(((await factor.signs.ask([], text())) as any).allowCredentials).toBeUndefined();
  });
});
