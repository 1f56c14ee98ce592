import { DeliveryWorld, eventually, mailTo, newNumber, type Sender, vonageSettings } from './support/delivery-world.js';
import { SmtpSimulator } from './simulators/smtp.js';

const CHANNELS = '/api/company/channels';
const VONAGE = `${CHANNELS}/vonage-sms`;

let world: DeliveryWorld;
let mail: SmtpSimulator;
beforeAll(async () => {
  world = await DeliveryWorld.start();
  mail = await SmtpSimulator.start({ security: 'none' });
});
afterAll(() => Promise.all([world.stop(), mail.stop()]));

const WHOLE = {
  api_key: 'a1b2c3d4',
  api_secret: 'SimulatedSecret1',
  from: 'Acme',
  signature_secret: 'simulated-signature-secret-of-the-account',
};
const fields = (body: { errors?: { field: string }[] }) => body.errors?.map(({ field }) => field);
const textTo = (number: string) => eventually(() => world.vonage.accepted.find(({ to }) => to === number.slice(1))?.text);
const reaches = (sender: Sender, id: string, status: string) =>
  eventually(async () => {
    const { body } = await sender.call('GET', `/api/messages/${id}`);
    return body.status === status && body;
  });

describe('A provider', () => {
  it('says what it needs in a form that can be drawn, in which every secret is write-only', async () => {
    const { admin } = await world.company();
    const { status, body } = await admin.get(CHANNELS);
    expect(status).toBe(200);
    const secrets = (schema: any) => Object.keys(schema.properties ?? {}).filter((name) => schema.properties[name].writeOnly);
    expect(Object.fromEntries(body.data.map((each: any) => [each.provider, secrets(each.settings_schema)]))).toEqual({
      'aws-sns': ['secret_access_key'],
      'azure-sms': expect.arrayContaining([expect.any(String)]),
      'azure-voice': expect.arrayContaining([expect.any(String)]),
      smtp: ['password'],
      'telegram-bot': ['bot_token'],
      'telegram-gateway': ['api_token'],
      'vonage-sms': ['api_secret', 'signature_secret'],
      'vonage-verify': expect.arrayContaining(['private_key']),
    });
    for (const { configured, channels, settings_schema } of body.data) {
      expect(configured).toBeNull();
      expect(channels).not.toHaveLength(0);
      for (const field of Object.values<any>(settings_schema.properties ?? {})) {
        expect(field.description).toEqual(expect.any(String));
        expect(field).not.toHaveProperty('secret');
      }
    }
  });

  it('keeps its secrets to itself: in answers, lists, trail, log and database', async () => {
    const sender = await world.sender();
    const { api_secret, signature_secret, ...rest } = vonageSettings(world.vonage);
    const put = await sender.has('vonage-sms', { ...rest, api_secret, signature_secret }, { priority: 7, rate_per_second: 30 });
    expect(put).toEqual({
      provider: 'vonage-sms',
      channels: ['sms'],
      settings: { ...rest, receipt_signature: 'sha256' },
      secrets: ['api_secret', 'signature_secret'],
      priority: 7,
      is_enabled: true,
      rate_per_second: 30,
      callback_url: expect.stringMatching(/^https:\/\/watchword\.test\/api\/callbacks\/vonage-sms\//),
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const { admin } = sender.company;
    const [shown, list] = [await admin.get(VONAGE, 1), await admin.get(CHANNELS, 1)];
    expect(shown.body).toEqual(put);
    expect(list.body.data.find((each: any) => each.provider === 'vonage-sms').configured).toEqual(put);
    const rows = await sender.company.sql<{ row: string }>(
      `select to_jsonb(c)::text as row from channel_settings c union all select to_jsonb(e)::text from audit_event e`,
    );
    const texts = [JSON.stringify(put), JSON.stringify(shown), JSON.stringify(list), world.output, ...rows.map(({ row }) => row)];
    expect(rows.some(({ row }) => row.includes('company.channel_set'))).toBe(true);
    for (const secret of [api_secret, signature_secret]) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  });

  it('keeps the secrets that are left out of a change, and takes the new ones that are not', async () => {
    const sender = await world.sender();
    const { api_key } = vonageSettings(world.vonage);
    await sender.has('vonage-sms', { api_key, from: 'Globex' });
    const to = newNumber();
    const { body } = await sender.company.admin.post(`${VONAGE}/test`, { to });
    expect(await textTo(to)).toBe('Acme: this is a test of vonage-sms.');
    expect(await reaches(sender, body.id, 'accepted')).toMatchObject({ attempts: [{ provider: 'vonage-sms', outcome: 'accepted' }] });
    expect(world.vonage.violations).toEqual([]);
    expect(JSON.parse(world.vonage.last!.body).from).toBe('Globex');

    await sender.has('vonage-sms', { api_key, from: 'Globex', api_secret: 'AnotherSecret123' });
    const { body: failing } = await sender.company.admin.post(`${VONAGE}/test`, { to: newNumber() });
    expect(await reaches(sender, failing.id, 'failed')).toMatchObject({ attempts: [{ outcome: 'configuration' }] });
    world.vonage.violations.length = 0;
  });

  it.each<[string, object, string[]]>([
    ['nothing', { settings: {} }, ['settings.api_key', 'settings.api_secret', 'settings.from', 'settings.signature_secret']],
    [
      'a number for a word',
      { settings: { api_key: 7 } },
      ['settings.api_key', 'settings.api_secret', 'settings.from', 'settings.signature_secret'],
    ],
    ['a setting that there is not', { settings: { ...WHOLE, host: 'evil.example' } }, ['settings.host']],
    ['settings of another form', { settings: 'all' }, ['settings']],
    ['a channel that it does not serve', { settings: WHOLE, channels: ['voice'] }, ['channels']],
    ['no channel', { settings: {}, channels: [] }, ['channels']],
    ['a priority below all', { settings: {}, priority: -1 }, ['priority']],
    ['no message a second', { settings: {}, rate_per_second: 0 }, ['rate_per_second']],
  ])('is not set up with %s: the field is named, its value is not repeated', async (_, body, named) => {
    const { admin } = await world.company();
    const answer = await admin.put(VONAGE, body);
    expect([answer.status, answer.body.code, fields(answer.body)?.toSorted()]).toEqual([400, 'request.invalid', named]);
    expect(JSON.stringify(answer.body)).not.toMatch(/SimulatedSecret1|evil/);
    expect((await admin.get(VONAGE)).body.code).toBe('notifications.not_configured');
  });

  it('is not set up when its vendor knows better', async () => {
    const sender = await world.sender();
    const answer = await sender.company.admin.put(`${CHANNELS}/smtp`, { settings: { ...mailTo(mail), password: 'not this one' } });
    expect([answer.status, answer.body.code]).toEqual([409, 'notifications.refused_by_vendor']);
    expect(JSON.stringify(answer.body)).not.toContain('not this one');
    expect((await sender.company.admin.get(`${CHANNELS}/smtp`)).status).toBe(404);
  });

  it('keeps no secret for another server than the one it was given for', async () => {
    const { company } = await world.sender();
    const put = (settings: object) => company.admin.put(`${CHANNELS}/smtp`, { settings });
    const { password, ...rest } = mailTo(mail) as { password: string; host: string; port: number };
    expect((await put({ ...rest, password })).status).toBe(200);
    expect((await put({ ...rest, from: 'codes@acme.test' })).body.secrets).toEqual(['password']);
    for (const elsewhere of [{ host: 'localhost' }, { port: rest.port + 1 }, { security: 'starttls' }]) {
      const answer = await put({ ...rest, ...elsewhere });
      expect([answer.status, fields(answer.body)]).toEqual([400, ['settings.password']]);
    }
    expect((await put({ ...rest, host: 'localhost', password })).body.settings.host).toBe('localhost');
  });

  it('forgets a secret that need not be there when it is null', async () => {
    const { company } = await world.sender();
    const put = (settings: object) => company.admin.put(`${CHANNELS}/azure-sms`, { settings: { from: 'Acme', ...settings } });
    const account = { endpoint: 'https://acme.communication.azure.com', access_key: Buffer.alloc(32, 7).toString('base64') };
    expect((await put({ ...account, event_grid_key: 'a-key-for-event-grid' })).body.secrets).toContain('event_grid_key');
    const { body } = await put({ endpoint: account.endpoint, event_grid_key: null });
    expect(body.secrets).toEqual(['access_key']);
  });

  it('is set up once, however many set it up at once', async () => {
    const company = await world.company();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => company.admin.put(VONAGE, { settings: vonageSettings(world.vonage), priority: at }, at)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(await company.sql('select from channel_settings')).toHaveLength(1);
  });

  it('is tried through itself alone, and only when it is set up', async () => {
    const sender = await world.sender();
    const { admin } = sender.company;
    const test = (provider: string, body: object) => admin.post(`${CHANNELS}/${provider}/test`, body);
    for (const [answer, status, code] of [
      [await test('aws-sns', { to: newNumber() }), 404, 'not_configured'],
      [await test('pigeon', { to: newNumber() }), 404, 'unknown_provider'],
      [await test('vonage-sms', { to: newNumber(), channel: 'email' }), 400, 'invalid_provider'],
      [await test('vonage-sms', { to: 'ada@acme.test' }), 400, 'invalid_recipient'],
      [await test('vonage-sms', { to: '+33612345678' }), 403, 'recipient_refused'],
    ] as const)
      expect([answer.status, answer.body.code]).toEqual([status, `notifications.${code}`]);
    expect((await test('vonage-sms', {})).status).toBe(400);
  });

  it('that is switched off or removed sends nothing more, and is said to be missing', async () => {
    const sender = await world.sender();
    const missing = async (at: number) => {
      const { status, body } = await sender.sends({ to: newNumber(), channel: 'sms' }, {}, at);
      return status === 409 && body;
    };
    expect((await sender.sends({ to: newNumber(), channel: 'sms' }, {}, 1)).status).toBe(201);
    await sender.has('vonage-sms', { ...vonageSettings(world.vonage) }, { is_enabled: false });
    expect(await missing(0)).toMatchObject({ code: 'notifications.no_provider', detail: expect.stringContaining('sms') });
    expect(await eventually(() => missing(1), 10_000), 'another process').toBeTruthy();
    await sender.has('vonage-sms', { ...vonageSettings(world.vonage) });
    expect(await missing(0)).toBe(false);
    const company = await world.sender();
    const named = (provider: string) => company.sends({ workflow: [{ channel: 'sms', to: newNumber(), provider }] });
    expect((await named('vonage-sms')).status).toBe(201);
    expect((await named('aws-sns')).body).toMatchObject({
      code: 'notifications.no_provider',
      detail: expect.stringMatching(/^aws-sns is not set up/),
    });

    const { admin } = sender.company;
    expect((await admin.delete(VONAGE)).body).toMatchObject({ message: 'The provider is removed' });
    expect(await missing(0)).toBeTruthy();
    for (const answer of [await admin.delete(VONAGE), await admin.get(VONAGE)])
      expect([answer.status, answer.body.code]).toEqual([404, 'notifications.not_configured']);
    expect((await sender.company.actions()).filter((action) => action === 'company.channel_removed')).toHaveLength(1);
  });

  it("is each company's own: its settings, its secrets, its removal", async () => {
    const [acme, globex] = [await world.sender(), await world.sender()];
    await globex.has('vonage-sms', { ...vonageSettings(world.vonage), from: 'Globex' });
    expect((await acme.company.admin.get(VONAGE)).body.settings.from).toBe('Acme');
    expect((await acme.company.admin.get(VONAGE)).body.callback_url).not.toBe((await globex.company.admin.get(VONAGE)).body.callback_url);
    expect((await acme.company.admin.delete(VONAGE)).status).toBe(200);
    expect((await globex.company.admin.get(VONAGE)).body.settings.from).toBe('Globex');
    const to = newNumber();
    expect((await globex.sends({ to, channel: 'sms' })).status).toBe(201);
    await textTo(to);
    expect((await acme.sends({ to, channel: 'sms' })).body.code).toBe('notifications.no_provider');
    // What is sealed for one opens for no other.
    const [row] = await globex.company.sql('select settings from channel_settings');
    await acme.has('vonage-sms', vonageSettings(world.vonage));
    await acme.company.sql('update channel_settings set settings = $1', [row.settings]);
    expect((await acme.company.admin.get(VONAGE)).status).toBe(500);
  });

  it('is for administrators alone', async () => {
    const sender = await world.sender();
    const tokens = [sender.key, (await sender.company.person('manager')).token, (await sender.company.person('user')).token];
    for (const token of tokens)
      for (const [method, path, body] of [
        ['GET', CHANNELS],
        ['GET', VONAGE],
        ['PUT', VONAGE, { settings: {} }],
        ['DELETE', VONAGE],
        ['POST', `${VONAGE}/test`, { to: newNumber() }],
      ] as const)
        expect((await world.call(method, path, { token, ...(body && { body }) })).status).toBe(403);
  });
});
