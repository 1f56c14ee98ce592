import { Exim, eximIsInstalled } from '../../../../test/simulators/exim.js';
import { outbound } from '../../testing/describe-provider.js';
import { SmtpProvider } from './smtp.provider.js';

const installed = eximIsInstalled();

/** A server by other people than nodemailer's and smtp-server's, which share an author. */
describe.skipIf(!installed)(`Mail through exim4${installed ? '' : ' (not installed here: apt-get install exim4-daemon-light)'}`, () => {
  const provider = new SmtpProvider();
  let exim: Exim;
  beforeAll(async () => void (exim = await Exim.start()), 20_000);
  afterAll(() => exim.stop());

  const send = (to: string, change: object = {}, message: Parameters<typeof outbound>[2] = {}) => {
    const { port, user, password, ca } = exim;
    const settings = provider.settings.parse({ host: '127.0.0.1', port, user, password, ca, from: 'no-reply@acme.example', ...change });
    return provider.send(outbound('email', to, message), settings, { allowPrivate: true, signal: AbortSignal.timeout(10_000) });
  };

  it('arrives, encrypted and signed in, with the id that was told', async () => {
    const { providerMessageId } = await send('ada@example.test');
    const [mail] = await exim.delivered(1);
    expect(mail).toContain('Envelope-to: ada@example.test');
    expect(mail).toContain('Return-path: <no-reply@acme.example>');
    expect(mail).toMatch(/with esmtpsa/);
    expect(mail).toContain(`Message-ID: ${providerMessageId}`);
    expect(mail).toContain('Auto-Submitted: auto-generated');
    expect(mail).toContain('Your Acme code is 493817.');
    expect(mail).toContain('Your Acme code is <b>493817</b>.');
  });

  it.each([
    ['refused@example.test', {}, 'definite', 'recipient_refused'],
    ['later@example.test', {}, 'retryable', 'throttled'],
    ['ada@example.test', { password: 'wrong' }, 'configuration', 'credentials'],
    ['ada@example.test', { user: undefined, password: undefined }, 'definite', 'recipient_refused'],
    ['ada@example.test', { ca: undefined }, 'configuration', 'untrusted_server'],
    ['ada@example.test', { security: 'tls' }, 'configuration', 'untrusted_server'],
  ])('%s with %j is %s: %s', async (to, change, kind, reason) => {
    await expect(send(to, change)).rejects.toMatchObject({ kind, reason });
  });

  it('never reaches evil@example.test', async () => {
    const evil = '\r\nBcc: evil@example.test\r\n\r\n.\r\nMAIL FROM:<a@example.test>\r\nRCPT TO:<evil@example.test>\r\nDATA\r\nx\r\n.\r\n';
    for (const to of [
      `a@example.test${evil}`,
      'a@example.test\r\nBCC: evil@example.test',
      'a: evil@example.test;',
      'a@example.test, evil@example.test',
    ])
      await expect(send(to)).rejects.toMatchObject({ kind: 'definite' });
    await send('grace@example.test', {}, { subject: `x${evil}`, brand: `x${evil}`, text: `x${evil}`, html: `x${evil}` });
    await send('last@example.test');
    const envelopes = (await exim.delivered(3)).map((mail) => /^Envelope-to: (.*)$/m.exec(mail)?.[1]);
    expect(envelopes.toSorted()).toEqual(['ada@example.test', 'grace@example.test', 'last@example.test']);
  });
});
