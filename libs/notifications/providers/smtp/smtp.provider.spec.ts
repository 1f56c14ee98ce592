import { type MailBehaviour, SmtpSimulator } from '../../../../test/simulators/smtp.js';
import { DeliveryError } from '../../delivery-error.js';
import { describeProvider, outbound } from '../../testing/describe-provider.js';
import { smtpFailure } from './smtp-failure.js';
import { SmtpProvider } from './smtp.provider.js';

const provider = new SmtpProvider();
const TO = 'ada@example.test';

const settingsFor = ({ url, user, password, ca, security }: SmtpSimulator) => ({
  host: '127.0.0.1',
  port: Number(new URL(url).port),
  security,
  user,
  password,
  from: 'no-reply@acme.example',
  ca,
});

describeProvider({
  provider,
  simulator: () => SmtpSimulator.start(),
  settings: (simulator) => settingsFor(simulator as SmtpSimulator),
  to: TO,
});

describe('Sending mail', () => {
  let server: SmtpSimulator;
  beforeAll(async () => void (server = await SmtpSimulator.start()));
  afterAll(() => server.stop());

  const transport = (patience = 5_000) => ({ allowPrivate: true, signal: AbortSignal.timeout(patience) });
  const send = (message: Parameters<typeof outbound>[2] = {}, change: object = {}, patience?: number) =>
    provider.send(outbound('email', TO, message), provider.settings.parse({ ...settingsFor(server), ...change }), transport(patience));

  it.each([
    'a@example.test\r\nBCC: evil@example.test',
    'a@example.test\nBCC: evil@example.test',
    'a@example.test>\r\nRCPT TO:<evil@example.test',
    'a@example.test, evil@example.test',
    'a@example.test; evil@example.test',
    'a@example.test evil@example.test',
    'Friends: evil@example.test, a@example.test;',
    'a <evil@example.test>',
    '"evil@example.test" <a@example.test>',
    '<evil@example.test>',
    '(a) evil@example.test',
    'evil@example.test\u0000',
    'evil@example.test\r\n',
    ' evil@example.test',
    'evil@example.test@a.example.test',
    '@a.example.test:evil@example.test',
    'evil%example.test@a.example.test ',
    '"evil"@example.test',
    'evil@[127.0.0.1]',
    'evil@exаmple.test',
    `${'e'.repeat(250)}@example.test`,
    '',
  ])('does not take %j for an address', async (to) => {
    const before = server.accepted.length;
    await expect(send({ to })).rejects.toMatchObject({ kind: 'definite', reason: 'invalid_recipient' });
    expect(server.accepted.length).toBe(before);
  });

  it('lets no word of a message decide who gets it', async () => {
    const evil = 'x\r\nBcc: evil@example.test\r\n\r\nevil\r\n.\r\nRCPT TO:<evil@example.test>\r\n';
    await send({
      subject: `\u0000${evil}`,
      brand: `${evil}, "Acme" <evil@example.test>`,
      text: `493817 ${evil}`,
      locale: `en${evil}`,
      html: evil,
    });
    const { to, text } = server.accepted.at(-1)!;
    expect(to).toBe(TO);
    const header = text.slice(0, text.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]+/g, ' ');
    const names = header.split('\r\n').map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
    expect(names.toSorted()).toEqual(
      ['auto-submitted', 'content-language', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to'].toSorted(),
    );
    expect(header).toMatch(/^From: .*<no-reply@acme\.example>$/m);
    // Not even encoded: a reader would decode them.
    expect(header).not.toMatch(/=0[0-9A-F]/);
    expect(server.violations).toEqual([]);
  });

  it('carries text and HTML, names the company as sender, and gives the same attempt the same Message-ID', async () => {
    const message = {
      attemptId: '7f0e1f0a-4a5b-4d0e-9a53-111111111111',
      brand: 'Acmé',
      subject: 'Your code',
      text: 'Code 493817',
      html: '<b>493817</b>',
    };
    const { providerMessageId } = await send(message);
    expect(providerMessageId).toBe('<7f0e1f0a-4a5b-4d0e-9a53-111111111111@acme.example>');
    const { text, id } = server.accepted.at(-1)!;
    expect(id).toBe(providerMessageId);
    expect(text).toContain('From: =?UTF-8?Q?Acm=C3=A9?= <no-reply@acme.example>');
    expect(text).toContain(`To: ${TO}`);
    expect(text).toContain('Subject: Your code');
    expect(text).toContain('multipart/alternative');
    expect(text).toContain('Code 493817');
    expect(text).toContain('<b>493817</b>');
  });

  it.each<[MailBehaviour, string, string, string | undefined]>([
    ['refuse', 'definite', 'recipient_refused', '5.1.1'],
    ['throttle', 'retryable', 'throttled', '4.2.1'],
    ['later', 'retryable', 'throttled', '4.2.0'],
    ['error', 'retryable', 'throttled', '4.3.0'],
    ['full', 'definite', 'refused', '5.2.2'],
    ['sender', 'configuration', 'sender', '5.7.1'],
    ['busy', 'retryable', 'throttled', undefined],
    ['banned', 'configuration', 'not_served', undefined],
    ['misconfigured', 'configuration', 'credentials', '5.7.8'],
    ['auth-later', 'retryable', 'throttled', '4.7.0'],
    ['drop-recipient', 'retryable', 'unreachable', undefined],
  ])('a server that does %s is %s: %s', async (behaviour, kind, reason, vendorCode) => {
    server.script(behaviour);
    await expect(send()).rejects.toMatchObject({ kind, reason, ...(vendorCode && { details: { vendorCode } }) });
  });

  it.each<[MailBehaviour, string]>([
    ['silent', 'retryable'],
    ['hang-recipient', 'retryable'],
    ['hang', 'ambiguous'],
  ])('a server that falls silent (%s) is %s once the time is over', async (behaviour, kind) => {
    server.script(behaviour);
    const started = performance.now();
    await expect(send({}, {}, 300)).rejects.toMatchObject({ kind, reason: 'timeout' });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('does not even start when its time is over', async () => {
    const before = server.accepted.length;
    const late = { allowPrivate: true, signal: AbortSignal.abort() };
    await expect(provider.send(outbound('email', TO), provider.settings.parse(settingsFor(server)), late)).rejects.toMatchObject({
      kind: 'retryable',
    });
    expect(server.accepted.length).toBe(before);
  });

  it('speaks to no server whose certificate it has no reason to trust', async () => {
    const before = server.accepted.length;
    await expect(send({}, { ca: undefined })).rejects.toMatchObject({ kind: 'configuration', reason: 'untrusted_server' });
    expect(server.accepted.length).toBe(before);
  });

  it('signs in when a company saves its settings, and sends nothing', async () => {
    const before = server.accepted.length;
    const settings = provider.settings.parse(settingsFor(server));
    await provider.install(settings, 'https://watchword.test/x', transport());
    await expect(provider.install({ ...settings, password: 'wrong' }, 'https://watchword.test/x', transport())).rejects.toMatchObject({
      kind: 'configuration',
      reason: 'credentials',
    });
    expect(server.accepted.length).toBe(before);
  });

  describe('encrypted from the start', () => {
    let tls: SmtpSimulator;
    beforeAll(async () => void (tls = await SmtpSimulator.start({ security: 'tls' })));
    afterAll(() => tls.stop());

    it('sends', async () => {
      await provider.send(outbound('email', TO), provider.settings.parse(settingsFor(tls)), transport());
      expect(tls.accepted).toHaveLength(1);
      expect(tls.violations).toEqual([]);
    });

    it('speaks to no server whose certificate it has no reason to trust', async () => {
      const settings = provider.settings.parse({ ...settingsFor(tls), ca: undefined });
      await expect(provider.send(outbound('email', TO), settings, transport())).rejects.toMatchObject({
        kind: 'configuration',
        reason: 'untrusted_server',
      });
      expect(tls.accepted).toHaveLength(1);
    });

    it('does not take a server for encrypted that is not', async () => {
      await expect(send({}, { security: 'tls' })).rejects.toMatchObject({ kind: 'configuration' });
    });
  });

  describe('in the open', () => {
    let plain: SmtpSimulator;
    beforeAll(async () => void (plain = await SmtpSimulator.start({ security: 'none' })));
    afterAll(() => plain.stop());

    it('sends where the operator allows private destinations, and nowhere else', async () => {
      const settings = provider.settings.parse(settingsFor(plain));
      await provider.send(outbound('email', TO), settings, transport());
      const elsewhere = { ...transport(), allowPrivate: false, endpoint: plain.url };
      await expect(provider.send(outbound('email', TO), settings, elsewhere)).rejects.toMatchObject({
        kind: 'configuration',
        reason: 'unencrypted',
      });
      expect(plain.accepted).toHaveLength(1);
    });

    it('gives the password to no server that cannot encrypt', async () => {
      const settings = provider.settings.parse({ ...settingsFor(plain), security: 'starttls' });
      await expect(provider.send(outbound('email', TO), settings, transport())).rejects.toMatchObject({
        kind: 'configuration',
        reason: 'no_tls',
      });
      expect(plain.accepted).toHaveLength(1);
    });
  });
});

describe('What a mail server answers', () => {
  it.each([
    [{ responseCode: 530, command: 'MAIL FROM' }, false, 'configuration', 'credentials'],
    [{ responseCode: 538, command: 'AUTH PLAIN', code: 'EAUTH' }, false, 'configuration', 'credentials'],
    [{ responseCode: 503, command: 'AUTH PLAIN', code: 'EAUTH' }, false, 'configuration', 'credentials'],
    [{ responseCode: 553, command: 'MAIL FROM' }, false, 'configuration', 'sender'],
    [{ responseCode: 554, command: 'DATA', code: 'EMESSAGE' }, true, 'definite', 'refused'],
    [{ responseCode: 421, command: 'DATA', code: 'EMESSAGE' }, true, 'retryable', 'throttled'],
    [{ responseCode: 500, command: 'STARTTLS', code: 'ETLS' }, false, 'configuration', 'no_tls'],
    [{ responseCode: 454, command: 'STARTTLS', code: 'ETLS' }, false, 'retryable', 'throttled'],
    [{ code: 'EAUTH' }, false, 'configuration', 'credentials'],
    [{ code: 'ETLS' }, false, 'configuration', 'no_tls'],
    [{ code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED' }, false, 'configuration', 'untrusted_server'],
    [{ code: 'ESOCKET', originalCode: 'ERR_TLS_CERT_ALTNAME_INVALID' }, false, 'configuration', 'untrusted_server'],
    [{ code: 'EENVELOPE' }, false, 'definite', 'invalid_recipient'],
    [{ code: 'ECONNREFUSED' }, false, 'retryable', 'unreachable'],
    [{ code: 'ETIMEDOUT' }, false, 'retryable', 'timeout'],
    [{ code: 'ECONNECTION' }, false, 'retryable', 'unreachable'],
    [{ code: 'ECONNECTION' }, true, 'ambiguous', 'connection_lost'],
    [{ code: 'ETIMEDOUT' }, true, 'ambiguous', 'timeout'],
    [{ code: 'EMESSAGE', responseCode: 354 }, true, 'ambiguous', 'connection_lost'],
    [undefined, false, 'retryable', 'unreachable'],
  ])('%j, message written: %s, is %s: %s', (error, handedOver, kind, reason) => {
    const failure = smtpFailure(error && Object.assign(new Error('493817'), error), handedOver);
    expect(failure).toBeInstanceOf(DeliveryError);
    expect(failure).toMatchObject({ kind, reason });
    expect(failure.cause).toBeUndefined();
  });
});

describe('The settings of a mail server', () => {
  const valid = { host: 'mail.acme.example', from: 'no-reply@acme.example' };

  it('ask for encryption unless told otherwise', () => {
    expect(provider.settings.parse(valid)).toEqual({ ...valid, port: 587, security: 'starttls' });
  });

  it.each([
    { host: 'mail.acme.example:25' },
    { host: 'user@mail.acme.example' },
    { host: 'mail.acme.example\r\nevil' },
    { host: '-mail' },
    { host: 'fe80::1%eth0/..' },
    { port: 0 },
    { port: 65_536 },
    { from: 'Acme <no-reply@acme.example>' },
    { from: 'no-reply@acme.example\r\nBcc: evil@example.test' },
    { user: 'relay' },
    { password: 'hunter2hunter2' },
    { ca: 'not a certificate' },
    { security: 'opportunistic' },
    { tls: { rejectUnauthorized: false } },
  ])('refuse %j', (change) => {
    const { success, error } = provider.settings.safeParse({ ...valid, ...change });
    expect(success).toBe(false);
    expect(error!.message).not.toContain('hunter2');
  });
});
