import type { AppError } from '@app/platform';
import { CHANNELS } from '../channel.js';
import { BUILT_IN_TEMPLATES, builtIn, type Template } from './built-in.js';
import { type Rendering, renderMessage, smsSize } from './render-message.js';
import { flawsOf } from './template-rules.js';

const PLAIN = { sender_name: null, web_otp_domain: null, sms_app_hash: null };
const render = (template: Template & { name?: string }, change: Partial<Rendering> = {}) =>
  renderMessage({
    template: { name: 'code', ...template },
    channel: 'sms',
    variables: { code: '493817', minutes: '5' },
    policy: PLAIN,
    companyName: 'Acme',
    ...change,
  });
const notice = (body: string, variables: Record<string, string> = {}, change: Partial<Rendering> = {}) =>
  render({ name: 'notice', body }, { variables, ...change }).text;

describe('A message', () => {
  it('is its template with everything filled in', () => {
    expect(render({ body: '{code} for {company} by {sender}, {minutes} min, {code}' }).text).toBe('493817 for Acme by Acme, 5 min, 493817');
    expect(render({ body: '{sender} {company}' }, { policy: { ...PLAIN, sender_name: 'The Bank' } }).text).toBe('The Bank Acme');
  });

  it('holds values as they are: nothing in them is filled in again', () => {
    expect(notice('{a} {b}', { a: '{b} {company} $& $1', b: '{a}' })).toBe('{b} {company} $& $1 {a}');
  });

  it.each([[{ a: 'https:/', b: '/185.1/x' }], [{ a: 'evil.', b: 'com/login' }], [{ a: 'ww', b: 'w.evil' }]])(
    'lets no variables make a link together: %j',
    (variables) => {
      expect(() => notice('Hi {a}{b}, see you', variables)).toThrow(expect.objectContaining({ code: 'notifications.invalid_variables' }));
      expect(notice('Hi {a} and {b}.Thanks. https://acme.example/t/{c}', { a: 'Ada', b: 'Bob', c: '7' })).toContain('acme.example/t/7');
      expect(notice('See {receipt_url}', { receipt_url: 'https://acme.example/7' })).toContain('https://');
    },
  );

  it('lets no variable speak for the company', () => {
    expect(notice('{company}: {sender}', { company: 'Bank', sender: 'Bank' })).toBe('Acme: Acme');
  });

  it('knows no variable that was not given, whatever objects are born with', () => {
    for (const name of ['constructor', 'tostring', 'a'])
      expect(() => notice(`{${name}} {b}`, { b: 'x' })).toThrow(
        expect.objectContaining({
          code: 'notifications.invalid_variables',
          details: expect.objectContaining({ errors: [{ field: `variables.${name}`, message: 'is needed by the template' }] }),
        }),
      );
    expect(notice('{constructor}', { constructor: 'x' } as unknown as Record<string, string>)).toBe('x');
  });

  it('escapes what it puts into HTML, and nothing else', () => {
    const { text, subject, html } = render(
      { name: 'notice', subject: 'Hi {who}', body: 'Hi {who}', html: '<b title="{who}">{who}</b>' },
      { channel: 'email', variables: { who: `<script>"&'` } },
    );
    expect([text, subject]).toEqual([`Hi <script>"&'`, `Hi <script>"&'`]);
    expect(html).toBe('<b title="&lt;script&gt;&quot;&amp;&#39;">&lt;script&gt;&quot;&amp;&#39;</b>');
  });

  it('has a subject of one line, even where a name is not', () => {
    const { subject } = render(
      { subject: 'From {company}', body: '{code}' },
      { channel: 'email', companyName: 'Acme\r\nBcc: eve@evil.com\u2028x' },
    );
    expect(subject).toBe('From Acme Bcc: eve@evil.com x');
    const notice = render({ name: 'notice', subject: '{who}', body: 'Hi' }, { channel: 'email', variables: { who: 'a\r\nBcc: b' } });
    expect(notice.subject).toBe('a Bcc: b');
  });
});

describe('A code by SMS', () => {
  const policy = { ...PLAIN, web_otp_domain: 'login.acme.com', sms_app_hash: 'FA+9qCX9VSu' };

  it('ends with the line that browsers read, and carries the hash that Android reads', () => {
    expect(render({ body: 'Code {code}\n' }, { policy }).text).toBe('Code 493817\nFA+9qCX9VSu\n@login.acme.com #493817');
    expect(render({ body: 'Code {code}' }, { policy: { ...policy, sms_app_hash: null } }).text).toBe(
      'Code 493817\n@login.acme.com #493817',
    );
    expect(render({ body: 'Code {code}' }, { policy: { ...policy, web_otp_domain: null } }).text).toBe('Code 493817\nFA+9qCX9VSu');
  });

  it('is the only message with such lines', () => {
    expect(render({ body: '{code}' }, { policy, channel: 'voice' }).text).toBe('493817');
    expect(render({ name: 'notice', body: 'Hello' }, { policy }).text).toBe('Hello');
  });
});

describe('The built-in texts', () => {
  it('are there for every channel in English, Spanish and German, and keep the rules they set', () => {
    expect(BUILT_IN_TEMPLATES.filter(({ name }) => name === 'code')).toHaveLength(3 * CHANNELS.length);
    expect(BUILT_IN_TEMPLATES.filter(({ name }) => name.startsWith('account_'))).toHaveLength(3 * 12);
    for (const { name, channel, ...template } of BUILT_IN_TEMPLATES) expect(flawsOf(name, channel, template)).toEqual([]);
    for (const locale of ['en', 'es', 'de']) for (const channel of CHANNELS) expect(builtIn('code', channel, locale)).toBeDefined();
    for (const name of ['__proto__', 'constructor', 'notice']) expect(builtIn(name, 'sms', 'en')).toBeUndefined();
    for (const locale of ['__proto__', 'fr']) expect(builtIn('code', 'sms', locale)).toBeUndefined();
  });

  it.each(['en', 'es', 'de'])('by SMS in %s are one segment of GSM-7, with a long name and the line for browsers', (locale) => {
    const { text } = render(builtIn('code', 'sms', locale)!, {
      variables: { code: '1234567890', minutes: '10' },
      policy: { ...PLAIN, sender_name: 'Grand Company', web_otp_domain: 'login.acme.com' },
    });
    expect(smsSize(text)).toMatchObject({ encoding: 'GSM-7', segments: 1 });
    expect(text).toMatch(/\n@login\.acme\.com #1234567890$/);
  });

  it.each(['en', 'es', 'de'])('by SMS in %s are short enough for the SMS Retriever: 140 bytes with the hash', (locale) => {
    const { text } = render(builtIn('code', 'sms', locale)!, { policy: { ...PLAIN, sms_app_hash: 'FA+9qCX9VSu' } });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(140);
  });
});

describe('The size of an SMS', () => {
  it.each([
    ['a'.repeat(160), 'GSM-7', 160, 1],
    ['a'.repeat(161), 'GSM-7', 161, 2],
    ['€'.repeat(80), 'GSM-7', 160, 1],
    ['[]', 'GSM-7', 4, 1],
    ['¿Mañana? Ü', 'GSM-7', 10, 1],
    ['código', 'UCS-2', 6, 1],
    ['漢'.repeat(70), 'UCS-2', 70, 1],
    ['漢'.repeat(71), 'UCS-2', 71, 2],
    ['👍', 'UCS-2', 2, 1],
    ['a\nb', 'GSM-7', 3, 1],
  ])('%j is %s, %i characters, %i segments', (text, encoding, characters, segments) => {
    expect(smsSize(text)).toEqual({ encoding, characters, segments });
  });
});

describe('A template', () => {
  const flaws = (name: string, template: Template, channel: (typeof CHANNELS)[number] = 'sms') =>
    flawsOf(name, channel, template).map(({ path, message }) => `${path}: ${message}`);

  it('of codes holds the code, and of the rest only what is known', () => {
    expect(flaws('code', { body: '{code} {company} {minutes} {sender}' })).toEqual([]);
    expect(flaws('code', { body: 'Hello {company}' })).toEqual(['body: must hold {code}']);
    expect(flaws('code', { body: '{code} {url} {x}' })).toEqual([
      'body: {url}, {x} is unknown: it may hold {code}, {company}, {minutes}, {sender}',
    ]);
    expect(flaws('code', { subject: 'Hi', body: '{code}', html: '<p>Hi</p>' }, 'email')).toEqual(['html: must hold {code}']);
  });

  it('keeps a link by itself: inside another address its token would be told to whoever answers there', () => {
    const flaw = (field: string) => [expect.stringContaining(`${field}: must hold {url} by itself`)];
    const reset = (template: object) => flaws('account_reset_password', { subject: 'Hi', body: '{url}', ...template }, 'email');
    for (const body of ['Open {url}', 'Open:\n{url}\nby tonight', '({url})']) expect([body, reset({ body })]).toEqual([body, []]);
    for (const body of ['https://evil.test/?to={url}', '{url}@evil.test', 'https://evil.test/{url}', '{url}{url}'])
      expect([body, reset({ body })]).toEqual([body, flaw('body')]);
    for (const html of [`<a href="{url}">Open</a>`, `<p>{url}</p>`, `<a class='x' href='{url}'>{url}</a>`])
      expect([html, reset({ html })]).toEqual([html, []]);
    for (const html of [
      `<a href="https://evil.test/?{url}">Open</a>`,
      `<a href="https://evil.test/ {url}">Open</a>`,
      `<a href={url}>Open</a>`,
    ])
      expect([html, reset({ html })]).toEqual([html, flaw('html')]);
  });

  it('of another name has variables of its own, and no code', () => {
    expect(flaws('order', { body: '{company}: order {order_id} for {who}, {sender}' })).toEqual([]);
    expect(flaws('order', { body: '{code} {minutes}' })).toEqual(['body: {code}, {minutes} is for the template code only']);
  });

  it.each([
    '{Code}',
    '{ code }',
    '{code.length}',
    '{{code}}',
    '{code',
    'code}',
    '{}',
    '{__proto__}',
    '{code|upper}',
    '{if x}',
    '${code()}',
    '{1}',
    '{näme}',
    `{${'a'.repeat(31)}}`,
  ])('may not hold %s', (odd) => {
    for (const name of ['code', 'order'])
      expect(flaws(name, { body: `{company} ${odd}` }).filter((flaw) => flaw.includes('is no placeholder'))).toHaveLength(1);
  });

  it('has subject and HTML by e-mail alone, where a subject is needed, and a length that can be sent', () => {
    expect(flaws('order', { body: 'x' }, 'email')).toEqual(['subject: is needed for e-mail']);
    expect(flaws('order', { subject: 'x', body: 'x', html: 'x' })).toEqual(['subject: is for e-mail only', 'html: is for e-mail only']);
    expect(flaws('order', { body: 'x'.repeat(1_501) })).toEqual(['body: must have at most 1500 characters for sms']);
  });
});

describe('A rendering of what a code needs', () => {
  it('without its code is an error, not a message', () => {
    expect(() => render({ body: '{code}' }, { variables: {} })).toThrow(
      expect.objectContaining({ code: 'notifications.invalid_variables' }) as AppError,
    );
  });
});
