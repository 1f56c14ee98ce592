import { ownApi, type OwnProcess } from './support/own-process.js';
import { browserAt, inPage, passkeyPage } from './support/passkey-page.js';
import { claims } from './support/passkeys.js';
import { PASSWORD, World } from './support/world.js';

describe('In a real browser, a passkey', () => {
  let world: World;
  let api: OwnProcess;
  let page: Awaited<ReturnType<typeof passkeyPage>>;
  beforeAll(async () => {
    page = await passkeyPage();
    api = await ownApi({ WEBAUTHN_RP_ID: 'localhost', WEBAUTHN_ORIGINS: page.origin, CORS_ORIGINS: page.origin });
    world = new World();
    world = new World({ ...world.stack, urls: [api.url] });
  });
  afterAll(async () => {
    await world.stop();
    await api.stop();
    page.stop();
  });

  it('is made, answers for the second factor, and signs its holder in without a name or a password', { timeout: 180_000 }, async () => {
    const person = await (await world.company('Acme Rockets')).person();
    const chromium = await browserAt(page.origin);
    try {
      const call = (path: string, body: unknown = {}, token?: string) =>
        inPage.call(chromium.page, `${api.url}/api/auth${path}`, body, token);
      const started = await call('/mfa/factors', { type: 'webauthn', label: 'This laptop' }, person.token);
      expect(started.status).toBe(201);
      const made = await inPage.create(chromium.page, started.body.webauthn);
      const confirmed = await call(`/mfa/factors/${started.body.factor_id}/confirm`, { credential: made }, person.token);
      expect([confirmed.status, confirmed.body.backup_codes?.length]).toEqual([200, 10]);

      const { credentials } = await chromium.devtools.send('WebAuthn.getCredentials', { authenticatorId: chromium.authenticatorId });
      expect(credentials).toMatchObject([{ isResidentCredential: true, rpId: 'localhost' }]);
      const again = await call('/step-up', { code: confirmed.body.backup_codes[0] }, person.token);
      const twice = await call('/mfa/factors', { type: 'webauthn' }, again.body.access_token);
      await expect(inPage.create(chromium.page, twice.body.webauthn), 'not twice on one device').rejects.toThrow(/previously registered/i);

      const due = await call('/login', { email: person.email, password: PASSWORD });
      const token = due.body.mfa_token;
      expect(due.body.factors).toEqual(expect.arrayContaining([expect.objectContaining({ type: 'webauthn', label: 'This laptop' })]));
      const asked = await call('/mfa/challenge', { factor_id: started.body.factor_id }, token);
      const answer = await inPage.get(chromium.page, asked.body.webauthn);
      const verified = await call('/verify-mfa', { credential: answer }, token);
      expect(verified.status).toBe(200);
      expect(claims(verified.body.access_token).acr).toBe('urn:watchword:acr:phishing-resistant');

      const options = await call('/passkey/options');
      const credential = await inPage.get(chromium.page, options.body.webauthn);
      const signedIn = await call('/passkey/login', { passkey_token: options.body.passkey_token, credential });
      expect(signedIn.status).toBe(200);
      expect(claims(signedIn.body.access_token)).toMatchObject({ sub: person.id, amr: [expect.stringMatching(/^[hs]wk$/), 'user', 'mfa'] });
      const replayed = await call('/passkey/login', { passkey_token: options.body.passkey_token, credential });
      expect(replayed.body.code).toBe('auth.invalid_credentials');

      await chromium.devtools.send('WebAuthn.setUserVerified', { authenticatorId: chromium.authenticatorId, isUserVerified: false });
      const unverified = await call('/passkey/options');
      await expect(inPage.get(chromium.page, unverified.body.webauthn), 'not without a finger, a face or a PIN').rejects.toThrow();
    } finally {
      await chromium.browser.close();
    }
  });
});
