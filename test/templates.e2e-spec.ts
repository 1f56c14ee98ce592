import { type Company, type Person, World } from './support/world.js';

const CODE_EN = '/api/company/templates/code/sms/en';
const OURS = { subject: null, html: null };

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

const own = async (admin: Person) => (await admin.get('/api/company/templates')).body.data;
const fields = (body: { errors: { field: string }[] }) => body.errors.map(({ field }) => field);

describe("A company's words for its messages", () => {
  it('are the built-in ones until it writes its own, and again when it gives them up', async () => {
    const { admin } = await world.company('Acme');
    const { status, body } = await admin.get('/api/company/templates');
    expect([status, body.data, body.next_cursor]).toEqual([200, [], null]);
    const codes = body.built_in.filter(({ name }: { name: string }) => !name.startsWith('account_'));
    expect(codes.map((each: any) => `${each.name} ${each.channel} ${each.locale}`).toSorted()).toEqual(
      ['de', 'en', 'es']
        .flatMap((locale) => ['email', 'sms', 'telegram', 'voice'].map((channel) => `code ${channel} ${locale}`))
        .toSorted(),
    );
    const saved = await admin.put(CODE_EN, { body: 'Your {company} code: {code}' });
    expect([saved.status, saved.body]).toEqual([
      200,
      {
        name: 'code',
        channel: 'sms',
        locale: 'en',
        ...OURS,
        body: 'Your {company} code: {code}',
        preview: { text: 'Your Acme code: 123456' },
        sms: { encoding: 'GSM-7', characters: 22, segments: 1 },
      },
    ]);
    expect(await own(admin)).toEqual([saved.body]);
    expect((await admin.delete(CODE_EN)).status).toBe(204);
    expect(await own(admin)).toEqual([]);
    const again = await admin.delete(CODE_EN);
    expect([again.status, again.body.code]).toEqual([404, 'notifications.template_not_found']);
  });

  it('are one for each name, channel and language, however often and in how many requests at once they are written', async () => {
    const { admin } = await world.company();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => admin.put(CODE_EN, { body: `${at}: {code}` }, at)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(await own(admin)).toHaveLength(1);
    for (const path of ['order/sms/en', 'code/voice/en', 'code/sms/es', 'code/sms/es_MX'])
      expect((await admin.put(`/api/company/templates/${path}`, { body: path.startsWith('code') ? '{code}' : 'Hi' })).status).toBe(200);
    expect((await own(admin)).map((each: any) => `${each.name} ${each.channel} ${each.locale}`)).toEqual([
      'code sms en',
      'order sms en',
      'code voice en',
      'code sms es',
      'code sms es-MX',
    ]);
  });

  it('are listed in pages', async () => {
    const { admin } = await world.company();
    for (const locale of ['en', 'es', 'fr']) await admin.put(`/api/company/templates/order/sms/${locale}`, { body: locale });
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: { body: any } = await admin.get(`/api/company/templates?limit=1${cursor && `&cursor=${cursor}`}`);
      expect(body.data).toHaveLength(1);
      seen.push(body.data[0].locale);
      cursor = body.next_cursor;
    }
    expect(seen).toEqual(['en', 'es', 'fr']);
  });

  it('show what they cost by SMS: one letter outside GSM-7 halves what fits', async () => {
    const { admin } = await world.company();
    const size = async (body: string) => (await admin.put('/api/company/templates/order/sms/es', { body })).body.sms;
    expect(await size('a'.repeat(160))).toEqual({ encoding: 'GSM-7', characters: 160, segments: 1 });
    expect(await size('a'.repeat(161))).toEqual({ encoding: 'GSM-7', characters: 161, segments: 2 });
    expect(await size(`ó${'a'.repeat(70)}`)).toEqual({ encoding: 'UCS-2', characters: 71, segments: 2 });
    const { body } = await admin.put('/api/company/templates/order/voice/es', { body: 'Hola' });
    expect(body.sms).toBeNull();
  });

  it('are previewed with its name, its brand and the lines for browsers and Android', async () => {
    const { admin } = await world.company('Acme & Sons');
    const policy = { sender_name: 'A<b>', web_otp_domain: 'acme.test', sms_app_hash: 'FA+9qCX9VSu' };
    expect((await admin.patch('/api/company', { policy })).status).toBe(200);
    const sms = await admin.put(CODE_EN, { body: '{code} {sender} {company} {minutes}' });
    expect(sms.body.preview).toEqual({ text: '123456 A<b> Acme & Sons 5\nFA+9qCX9VSu\n@acme.test #123456' });
    const mail = await admin.put('/api/company/templates/code/email/en', {
      subject: '{sender}',
      body: '{code}\r\n{company}',
      html: '<p title="{sender}">{code} {company}</p>',
    });
    expect(mail.body.preview).toEqual({
      text: '123456\nAcme & Sons',
      subject: 'A<b>',
      html: '<p title="A&lt;b&gt;">123456 Acme &amp; Sons</p>',
    });
    const order = await admin.put('/api/company/templates/order/sms/en', { body: 'Order {order_id} of {company}' });
    expect(order.body.preview).toEqual({ text: 'Order order_id of Acme & Sons' });
  });

  it.each<[string, object, string[], RegExp]>([
    ['code/sms/en', { body: 'Hello' }, ['body'], /must hold \{code\}/],
    ['code/sms/en', { body: '{code} {url}' }, ['body'], /\{url\} is unknown/],
    [
      'code/email/en',
      { subject: '{who}', body: '{code}', html: '<p>{code} {link}</p>' },
      ['subject', 'html'],
      /\{who\} is unknown.*\{link\}/,
    ],
    ['code/email/en', { subject: 'Hi', body: '{code}', html: '<p>Hi</p>' }, ['html'], /must hold \{code\}/],
    ['code/email/en', { body: '{code}' }, ['subject'], /is needed/],
    ['code/sms/en', { subject: 'Hi', body: '{code}' }, ['subject'], /e-mail only/],
    ['order/sms/en', { body: '{code}' }, ['body'], /\{code\} is for the template code only/],
    ['order/sms/en', { body: '{{who}}' }, ['body'], /is no placeholder/],
    ['order/sms/en', { body: '{who.name}' }, ['body'], /\{who\.name\} is no placeholder/],
    ['order/sms/en', { body: '{__proto__}' }, ['body'], /\{__proto__\} is no placeholder/],
    ['order/sms/en', { body: 'x'.repeat(1_501) }, ['body'], /1500/],
    ['order/sms/en', { body: ' \n' }, ['body'], /empty/],
    ['order/sms/en', { body: 'a\u0007' }, ['body'], /control/],
    ['order/email/en', { subject: 'a\r\nBcc: eve@evil.test', body: 'a' }, ['subject'], /one line/],
    ['order/sms/en', { body: 'a', channel: 'voice' }, ['channel'], /not known/],
    ['order/sms/en', {}, ['body'], /./],
    ['Order/sms/en', { body: 'a' }, ['name'], /must be up to 40/],
    [`${'a'.repeat(41)}/sms/en`, { body: 'a' }, ['name'], /must be up to 40/],
    ['order/pigeon/en', { body: 'a' }, ['channel'], /must be sms or/],
    ['order/sms/english', { body: 'a' }, ['locale'], /./],
    ['order/sms/en%0A', { body: 'a'.repeat(0) }, ['locale', 'body'], /./],
  ])('%s are refused as %j, and say why', async (path, template, named, why) => {
    const { admin } = await (refusing ??= world.company());
    const { status, body } = await admin.put(`/api/company/templates/${path}`, template);
    expect([status, body.code]).toEqual([400, 'request.invalid']);
    expect(named).toEqual(expect.arrayContaining(fields(body)));
    expect(body.detail).toMatch(why);
    expect(await own(admin)).toEqual([]);
  });
  let refusing: Promise<Company> | undefined;
});

describe('The words of one company', () => {
  it('are for its administrators alone', async () => {
    const company = await world.company();
    for (const role of ['manager', 'user'] as const) {
      const person = await company.person(role);
      for (const { status } of [
        await person.get('/api/company/templates'),
        await person.put(CODE_EN, { body: '{code}' }),
        await person.delete(CODE_EN),
      ])
        expect(status).toBe(403);
    }
    expect(await own(company.admin)).toEqual([]);
  });

  it('are nothing to another that uses the same names', async () => {
    const [acme, globex] = [await world.company('Acme'), await world.company('Globex')];
    await acme.admin.put(CODE_EN, { body: 'Acme {code}' });
    expect((await globex.admin.delete(CODE_EN)).status).toBe(404);
    expect(await own(globex.admin)).toEqual([]);
    const theirs = await globex.admin.put(CODE_EN, { body: 'Globex {code}' });
    expect(theirs.body.preview).toEqual({ text: 'Globex 123456' });
    expect((await own(acme.admin)).map((each: any) => each.body)).toEqual(['Acme {code}']);
    expect((await globex.admin.delete(CODE_EN)).status).toBe(204);
    expect((await own(acme.admin)).map((each: any) => each.body)).toEqual(['Acme {code}']);
    const { body } = await acme.admin.get('/api/company/templates?limit=1');
    expect(body.next_cursor).toBeNull();
  });
});
