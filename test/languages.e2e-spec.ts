import { SmtpSimulator } from './simulators/smtp.js';
import { DeliveryWorld, eventually, newNumber, vonageSettings } from './support/delivery-world.js';
import { type Company, PASSWORD, type Person } from './support/world.js';

const NEXT = 'a better horse battery 7';

describe('The language of a person', () => {
  let world: DeliveryWorld;
  let smtp: SmtpSimulator;
  beforeAll(async () => {
    smtp = await SmtpSimulator.start();
    const { user, password, ca, url } = smtp;
    const settings = { host: '127.0.0.1', port: Number(new URL(url).port), user, password, from: 'accounts@watchword.test', ca };
    world = await DeliveryWorld.start({ settings: { ACCOUNT_SMTP: JSON.stringify(settings), LINK_URL: 'https://app.watchword.test' } });
  }, 180_000);
  afterAll(() => Promise.all([world.stop(), smtp.stop()]));

  const mailed = (email: string, words: RegExp) =>
    eventually(() =>
      smtp.accepted
        .filter(({ to }) => to === email)
        .map(({ text }) => text.replaceAll('=\r\n', '').replaceAll('=3D', '='))
        .find((text) => words.test(text)),
    );
  const texted = (number: string) => eventually(() => world.vonage.accepted.find(({ to }) => to === number.slice(1))?.text);
  const me = async (token: string) => (await world.call('GET', '/api/users/me', { token })).body;
  const texting = async (): Promise<Company> => {
    const company = await world.company();
    await company.admin.patch('/api/company', { policy: { default_region: 'ES' } });
    await company.admin.put('/api/company/channels/vonage-sms', { settings: vonageSettings(world.vonage) });
    return company;
  };
  const invited = async (company: Company, asked: object, accepting: object) => {
    const email = `new-${Math.random().toString(36).slice(2)}@${company.domain}`;
    expect((await company.admin.post('/api/users/invitations', { email, role: 'user', ...asked })).status).toBe(201);
    const token = /accept-invitation#token=([\w-]+)/.exec(await mailed(email, /accept-invitation/))![1];
    const body = { token, full_name: 'New Person', password: NEXT, ...accepting };
    return { email, answer: await world.call('POST', '/api/auth/accept-invitation', { body }) };
  };

  it('is said at registration or later, and taken back', async () => {
    const domain = `${Math.random().toString(36).slice(2)}.test`;
    const email = `ada@${domain}`;
    const body = { email, password: PASSWORD, full_name: 'Ada', company_name: 'Acme', company_domain: domain, locale: 'de_AT' };
    expect((await world.call('POST', '/api/auth/register', { body })).body.locale).toBe('de-AT');
    await mailed(email, /Bestätigen|Best=C3=A4tigen/);
    const { access_token: token } = (await world.call('POST', '/api/auth/login', { body: { email, password: PASSWORD } })).body;
    expect(await me(token)).toMatchObject({ locale: 'de-AT' });
    for (const locale of ['es', null]) {
      expect((await world.call('PUT', '/api/users/me', { token, body: { locale } })).body.locale).toBe(locale);
      expect(await me(token)).toMatchObject({ locale });
    }
    expect((await world.call('PUT', '/api/users/me', { token, body: { locale: 'German' } })).status).toBe(400);
  });

  it('is what an invitation was written in, unless they say another when they accept it', async () => {
    const company = await world.company();
    expect((await invited(company, { locale: 'es' }, {})).answer.body.locale).toBe('es');
    expect((await invited(company, { locale: 'es' }, { locale: 'de' })).answer.body.locale).toBe('de');
    const { email, answer } = await invited(company, {}, { locale: 'de' });
    expect(answer.body.locale).toBe('de');
    await world.call('POST', '/api/auth/forgot-password', { body: { email } });
    await mailed(email, /ein neues Passwort/);
    expect((await invited(company, {}, {})).answer.body.locale).toBeNull();
  });

  it('is what codes of a second factor are written in, where the request names none', async () => {
    const company = await texting();
    const { admin } = company;
    await admin.put('/api/users/me', { locale: 'es-MX' });
    const start = (person: Person, recipient: string, more: object = {}, token = person.token) =>
      world.call('POST', '/api/auth/mfa/factors', { token, body: { type: 'sms', recipient, ...more } });
    const [own, named, nobodys, pending] = [newNumber(), newNumber(), newNumber(), newNumber()];
    expect((await start(admin, own)).status).toBe(201);
    expect(await texted(own)).toContain('es tu clave de');
    const other = await company.person('manager');
    expect((await start(other, nobodys)).status).toBe(201);
    expect(await texted(nobodys)).toContain('is your');
    expect((await start(await company.person('user'), named, { locale: 'de' })).status).toBe(201);
    expect(await texted(named)).toContain('ist Ihr Code');

    const enrolling = await company.person('user');
    await enrolling.put('/api/users/me', { locale: 'de' });
    await company.sql(`update tenant set policy = policy || '{"mfa":{"user":"required"}}'`);
    expect((await start(enrolling, pending, {}, await enrolling.pendingToken())).status).toBe(201);
    expect(await texted(pending)).toContain('ist Ihr Code');
  });
});
