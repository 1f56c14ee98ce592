import { ALL_SCOPES, DeliveryWorld, eventually, mailTo, newNumber, Sender } from './support/delivery-world.js';
import { SmtpSimulator } from './simulators/smtp.js';
import { bare } from './support/world.js';

const NOBODY = '01900000-0000-7000-8000-000000000001';

let world: DeliveryWorld;
let mail: SmtpSimulator;
let sender: Sender;
beforeAll(async () => {
  world = await DeliveryWorld.start();
  mail = await SmtpSimulator.start({ security: 'none' });
  sender = await world.sender();
  await sender.has('smtp', mailTo(mail));
});
afterAll(() => Promise.all([world.stop(), mail.stop()]));

const template = async (path: string, body: string, by = sender) => {
  const answer = await by.company.admin.put(`/api/company/templates/${path}`, { body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
};
const send = (body: object, headers: Record<string, string> = {}, at = 0) =>
  sender.call('POST', '/api/messages', { channel: 'sms', ...body }, headers, at);
const state = async (id: string) => (await sender.call('GET', `/api/messages/${id}`)).body;
const reaches = (id: string, status: string) => eventually(async () => (await state(id)).status === status && state(id));
const textTo = (number: string) => eventually(() => world.vonage.accepted.find(({ to }) => to === number.slice(1))?.text);
const fields = (body: { errors?: { field: string }[] }) => body.errors?.map(({ field }) => field);

describe('A message', () => {
  it('brings the words of a template with its variables, in the language that there is', async () => {
    await template('shipped/sms/en', '{sender}: parcel {parcel} is on its way.');
    await template('shipped/sms/es', '{sender}: el paquete {parcel} va de camino.');
    for (const [locale, words] of [
      ['es-MX', 'Acme: el paquete 7 va de camino.'],
      ['fr', 'Acme: parcel 7 is on its way.'],
    ]) {
      const recipient = newNumber();
      const { status, body } = await send({ recipient, template: 'shipped', variables: { parcel: '7' }, locale, reference: 'order 7' });
      expect([status, body]).toEqual([202, { id: expect.any(String) }]);
      expect(await textTo(recipient)).toBe(words);
      expect(await reaches(body.id, 'accepted')).toEqual({
        id: body.id,
        channel: 'sms',
        recipient_masked: `+34 ••• ••• ${recipient.slice(-3)}`,
        status: 'accepted',
        reason: null,
        template: 'shipped',
        reference: 'order 7',
        created_at: expect.any(String),
        ended_at: null,
        attempts: [
          {
            provider: 'vonage-sms',
            at: expect.any(String),
            outcome: 'accepted',
            reason: null,
            vendor_code: null,
            provider_message_id: world.vonage.accepted.find(({ to }) => to === recipient.slice(1))!.id,
            receipt: null,
            cost: 0,
          },
        ],
      });
    }
  });

  it('brings words of one’s own for those who may: the scope messages:raw, or an administrator', async () => {
    const [recipient, message] = [newNumber(), 'Lift 3 {works} again.\nThank you!'];
    const { body } = await send({ recipient, message });
    expect(await textTo(recipient)).toBe(message);
    expect(await state(body.id)).toMatchObject({ template: 'raw' });
    const raw = { channel: 'sms', recipient: newNumber(), message };
    const { key } = await sender.company.apiKey(['messages:send', 'messages:read']);
    for (const token of [key, (await sender.company.person('manager')).token]) {
      const answer = await world.call('POST', '/api/messages', { token, body: raw });
      expect([answer.status, answer.body.code]).toEqual([403, 'notifications.raw_not_allowed']);
    }
    expect((await sender.company.admin.post('/api/messages', raw)).status).toBe(202);
  });

  it.each<[string, object, string, string[]]>([
    ['neither words nor a template', {}, 'request.invalid', ['template']],
    ['both', { template: 'shipped', message: 'Hi' }, 'request.invalid', ['template']],
    ['variables without a template', { message: 'Hi', variables: { a: '1' } }, 'request.invalid', ['variables']],
    ['more words than ten texts hold', { message: 'x'.repeat(1601) }, 'request.invalid', ['message']],
    ['a template that there is not', { template: 'nothing' }, 'notifications.unknown_template', ['template']],
    [
      'a template of ours about accounts',
      {
        template: 'account_reset_password',
        channel: 'email',
        recipient: 'a@acme.test',
        variables: { url: 'https://evil.test', hours: '1' },
      },
      'notifications.unknown_template',
      ['template'],
    ],
    ['a variable too few', { template: 'lift' }, 'notifications.invalid_variables', ['variables.floor']],
    ['a link by SMS', { template: 'lift', variables: { floor: 'evil.example' } }, 'notifications.invalid_variables', ['variables.floor']],
    ['two lines in one', { template: 'lift', variables: { floor: 'a\nb' } }, 'notifications.invalid_variables', ['variables.floor']],
    ['a code of its own', { template: 'code', variables: { code: '123456' } }, 'notifications.invalid_variables', ['variables.code']],
    ['the template of codes', { template: 'code' }, 'notifications.invalid_variables', ['variables.code', 'variables.minutes']],
    ['a provider of another channel', { message: 'Hi', provider: 'smtp' }, 'notifications.invalid_provider', ['provider']],
  ])('is not sent with %s, and the field is named', async (_, more, code, named) => {
    await template('lift/sms/en', 'Lift on floor {floor}.');
    const answer = await send({ recipient: newNumber(), ...more });
    expect([answer.status, answer.body.code, fields(answer.body)]).toEqual([400, code, named]);
  });

  it('tells what every provider said, and keeps its words no longer than it needs them', async () => {
    const recipient = newNumber();
    world.vonage.script('refuse');
    const { body } = await send({ recipient, message: 'Barred' });
    expect(await reaches(body.id, 'failed')).toMatchObject({
      reason: expect.any(String),
      ended_at: expect.any(String),
      attempts: [{ provider: 'vonage-sms', outcome: 'definite', vendor_code: '7', reason: expect.any(String), receipt: null }],
    });
    const { accessKeyId, secretAccessKey } = world.sns;
    await sender.has('aws-sns', { region: 'eu-west-1', access_key_id: accessKeyId, secret_access_key: secretAccessKey }, { priority: 200 });
    world.vonage.script('refuse');
    const second = (await send({ recipient: newNumber(), message: 'By the other' })).body.id;
    expect((await reaches(second, 'accepted')).attempts.map((each: any) => [each.provider, each.outcome])).toEqual([
      ['vonage-sms', 'definite'],
      ['aws-sns', 'accepted'],
    ]);
    const rows = await sender.company.sql('select payload from delivery where id = any ($1)', [[body.id, second]]);
    expect(rows).toEqual([{ payload: null }, { payload: null }]);
    expect((await sender.company.admin.delete('/api/company/channels/aws-sns')).status).toBe(200);
  });

  it('is sent once for one Idempotency-Key, however many ask at once', async () => {
    const body = { recipient: newNumber(), message: 'Once' };
    const answers = await Promise.all(Array.from({ length: 10 }, (_, at) => send(body, { 'idempotency-key': 'm-1' }, at)));
    expect(new Set(answers.map(({ status, body: { id } }) => `${status} ${id}`)).size).toBe(1);
    const other = await send({ ...body, message: 'Twice' }, { 'idempotency-key': 'm-1' });
    expect([other.status, other.body.code]).toEqual([409, 'notifications.idempotency_conflict']);
    await reaches(answers[0]!.body.id, 'accepted');
    expect(world.vonage.accepted.filter(({ to }) => to === body.recipient.slice(1))).toHaveLength(1);
  });

  it("that there is not, a code's, and another company's are answered alike", async () => {
    const stranger = await world.sender();
    const { body: theirs } = await stranger.call('POST', '/api/messages', { channel: 'sms', recipient: newNumber(), message: 'Hi' });
    const { body: code } = await sender.sends({ to: newNumber(), channel: 'sms' });
    const [{ id }] = await sender.company.sql('select id from delivery where verification_id = $1', [code.id]);
    for (const each of [theirs.id, id, code.id, NOBODY]) {
      const answer = bare(await sender.call('GET', `/api/messages/${each}`));
      expect(answer).toMatchObject({ status: 404, code: 'notifications.message_not_found' });
    }
    expect((await stranger.call('GET', `/api/messages/${theirs.id}`)).status).toBe(200);
  });

  it('is for each scope to send or to read, and for no user', async () => {
    const body = { channel: 'sms', recipient: newNumber(), template: 'shipped', variables: { parcel: '1' } };
    const tries = async (token: string) => [
      (await world.call('POST', '/api/messages', { token, body })).status,
      (await world.call('GET', `/api/messages/${NOBODY}`, { token })).status,
    ];
    for (const scope of ALL_SCOPES) {
      const { key } = await sender.company.apiKey([scope]);
      expect([scope, ...(await tries(key))]).toEqual([scope, scope === 'messages:send' ? 202 : 403, scope === 'messages:read' ? 404 : 403]);
    }
    expect(await tries((await sender.company.person('manager')).token)).toEqual([202, 404]);
    expect(await tries((await sender.company.person('user')).token)).toEqual([403, 403]);
  });

  it('stands in no table, no trail and no log while it waits, nor does whom it is for', async () => {
    const own = await world.sender();
    await template('secret/sms/en', 'Door {door}', own);
    const [recipient, door, words] = [newNumber(), 'Zk81Qp7xWd', 'Yk81Qp7xWe'];
    world.vonage.script('throttle', 'throttle');
    for (const body of [{ template: 'secret', variables: { door } }, { message: words }])
      expect((await own.call('POST', '/api/messages', { channel: 'sms', recipient, ...body })).status).toBe(202);
    const rows = await world.sql<{ row: string }>(
      own.company.id,
      `select to_jsonb(d)::text as row from delivery d union all select to_jsonb(e)::text from audit_event e`,
    );
    expect(rows.length).toBeGreaterThan(4);
    for (const secret of [recipient.slice(3), door, words])
      expect([...rows.map(({ row }) => row), world.output].filter((text) => text.includes(secret))).toEqual([]);
    await eventually(() => world.vonage.accepted.filter(({ to }) => to === recipient.slice(1)).length === 2);
  });
});

describe('The words of a code', () => {
  const code = '481624';
  const arrives = async (by: Sender, locale?: string) => {
    const to = newNumber();
    expect((await by.sends({ to, channel: 'sms', code, ...(locale && { locale }) })).status).toBe(201);
    return textTo(to);
  };

  it("are the company's own where it has some, ours where it has none, and English where nobody has", async () => {
    const own = await world.sender();
    await template('code/sms/es', '{code}: {company}, {minutes} minutos', own);
    await template('code/sms/pt-BR', '{code} da {sender}', own);
    expect(await arrives(own, 'es-MX')).toBe(`${code}: Acme, 5 minutos`);
    expect(await arrives(own, 'pt-BR')).toBe(`${code} da Acme`);
    expect(await arrives(own, 'pt')).toBe(`${code} is your Acme code. It is valid for 5 min. Do not share it with anyone.`);
    expect(await arrives(own, 'de-AT')).toMatch(new RegExp(`^${code} ist Ihr Code`));
    expect(await arrives(own)).toMatch(new RegExp(`^${code} is your Acme code`));
    expect(await arrives(sender, 'es')).toBe(`${code} es tu clave de Acme. Caduca en 5 min. No la compartas con nadie.`);
    const { status } = await own.company.admin.delete('/api/company/templates/code/sms/es');
    expect([status, await arrives(own, 'es-MX')]).toEqual([
      204,
      `${code} es tu clave de Acme. Caduca en 5 min. No la compartas con nadie.`,
    ]);
  });

  it('end with the lines that browsers and telephones read, and name the sender', async () => {
    const own = await world.sender();
    const policy = { web_otp_domain: 'acme.example', sms_app_hash: 'FA+9qCX9VSu', sender_name: 'Acme Bank' };
    expect((await own.company.admin.patch('/api/company', { policy })).status).toBe(200);
    expect((await arrives(own))!.split('\n')).toEqual([
      `${code} is your Acme Bank code. It is valid for 5 min. Do not share it with anyone.`,
      'FA+9qCX9VSu',
      `@acme.example #${code}`,
    ]);
  });

  it('are those of each channel: subject, text and page of an e-mail', async () => {
    expect((await sender.sends({ to: 'Ada@Words.test', channel: 'email', code, locale: 'es' })).status).toBe(201);
    const { text } = await eventually(() => mail.accepted.find(({ to }) => to === 'ada@words.test'));
    expect(text).toMatch(/^Content-Type: text\/html/im);
    expect(text).toMatch(/^Subject: =\?UTF-8\?/im);
    expect(text.split(code).length).toBeGreaterThan(2);
  });
});
