import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownApi, type OwnProcess } from './support/own-process.js';
import { raw } from './support/raw.js';
import { type Answer, type Company, PASSWORD, World } from './support/world.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const document = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'openapi.json'), 'utf8'));

let world: World;
let company: Company;
beforeAll(async () => {
  world = new World();
  company = await world.company();
});
afterAll(() => world.stop());

/** The shape every failure leaves in (RFC 9457). */
function expectProblem({ status, headers, body }: Pick<Answer, 'status' | 'headers' | 'body'>, code?: string) {
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(body).toEqual({
    type: `urn:watchword:problem:${body.code}`,
    title: expect.stringMatching(/./),
    status,
    code: expect.stringMatching(/^[a-z]+\.[a-z_]+$/),
    detail: expect.stringMatching(/./),
    instance: expect.any(String),
    request_id: headers.get('x-request-id'),
    ...(body.errors && { errors: body.errors.map(() => ({ field: expect.any(String), message: expect.stringMatching(/./) })) }),
  });
  if (code) expect(body.code).toBe(code);
}

const login = (body: unknown, headers: Record<string, string> = {}) => world.call('POST', '/api/auth/login', { body, headers });
const rawProblem = async (request: string | Buffer) => {
  const answer = await raw(world.stack.urls[0]!, request);
  return { ...answer, body: JSON.parse(answer.text) };
};
const post = (path: string, body: Buffer | string, extra = '') =>
  Buffer.concat([
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${extra}content-length: ${Buffer.byteLength(body)}\r\n\r\n`,
    ),
    Buffer.from(body),
  ]);

describe('A request that is not one', () => {
  it.each([
    ['an unknown route', 'GET', '/nope'],
    ['a known route with the wrong method', 'DELETE', '/api/auth/login'],
    ['a route with two slashes', 'GET', '//api/users'],
    ['a route with a slash at its end', 'GET', '/api/users/'],
    ['a route in capitals', 'GET', '/API/users'],
    ['OPTIONS without an origin', 'OPTIONS', '/api/users'],
  ])('is answered 404 as a problem: %s', async (_, method, path) => {
    const { admin } = company;
    const answer = await world.call(method, path, { token: admin.token });
    expect(answer.status).toBe(404);
    expectProblem(answer, 'request.not_found');
    expect(answer.body.instance).toBe(path);
  });

  it.each([
    ['cut JSON', '{"email":"a@b.co",'],
    ['a word that is no JSON', 'undefined'],
    ['two values', '{} {}'],
  ])('is answered 400 request.malformed: %s', async (_, body) => {
    const answer = await login(body, JSON_TYPE);
    expect(answer.status).toBe(400);
    expectProblem(answer, 'request.malformed');
  });

  it.each([
    ['no body at all', undefined],
    ['an empty body', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['a string', '"x"'],
    ['a number', '1e400'],
  ])('is answered 400 request.invalid where an object is needed: %s', async (_, body) => {
    const answer = await world.call('POST', '/api/auth/login', { body, headers: body === undefined ? {} : JSON_TYPE });
    expect(answer.status).toBe(400);
    expectProblem(answer, 'request.invalid');
  });

  it('names every bad field at once', async () => {
    const answer = await world.call('POST', '/api/auth/register', {
      body: { email: 'x', password: 1, full_name: '', company_name: null, company_domain: '..' },
    });
    expectProblem(answer, 'request.invalid');
    expect(answer.body.errors.map(({ field }: { field: string }) => field)).toEqual([
      'email',
      'password',
      'full_name',
      'company_name',
      'company_domain',
    ]);
    const query = await world.call('GET', '/api/audit?limit=0&actor_id=x&from=yesterday&to=1', { token: company.admin.token });
    expect(query.body.errors.map(({ field }: { field: string }) => field)).toEqual(['limit', 'actor_id', 'from', 'to']);
  });

  it('says what is wrong in words that anybody understands, and where', async () => {
    const told = async (answer: Promise<{ body: any }>) => (await answer).body.errors;
    const { token } = company.admin;
    expect(await told(login({ email: 7, pasword: 'x' }))).toEqual([
      { field: 'email', message: 'must be a string' },
      { field: 'password', message: 'is required' },
    ]);
    expect(await told(login('null', JSON_TYPE))).toEqual([{ field: 'body', message: 'must be an object' }]);
    expect(await told(world.call('DELETE', '/api/auth/sessions/mine', { token }))).toEqual([{ field: 'id', message: 'must be a UUID' }]);
    expect(await told(world.call('GET', '/api/audit?limit=0', { token }))).toEqual([{ field: 'limit', message: 'must be at least 1' }]);
    expect(await told(world.call('PATCH', '/api/company', { token, body: { nmae: 'x', policy: { colour: 1 } } }))).toEqual([
      { field: 'policy.colour', message: 'is not known here' },
      { field: 'nmae', message: 'is not known here' },
    ]);
  });

  it('is refused with 413 above 64 KiB, announced or in chunks, and served at 64 KiB', async () => {
    const body = (length: number) => JSON.stringify({ email: 'a@b.co', password: 'x' }).padEnd(length, ' ');
    const announced = await login(body(65_537), JSON_TYPE);
    expect(announced.status).toBe(413);
    expectProblem(announced, 'request.too_large');
    const chunk = body(65_537);
    const chunked = await rawProblem(
      `POST /api/auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`,
    );
    expect(chunked.status).toBe(413);
    expectProblem(chunked, 'request.too_large');
    expect((await login(body(65_536), JSON_TYPE)).status).toBe(401);
  });

  it.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/xml'],
    ['application/json; charset=utf-16'],
    ['application/jsonp'],
  ])('is refused with 415 as %s', async (type) => {
    const answer = await login('{}', { 'content-type': type });
    expect(answer.status).toBe(415);
    expectProblem(answer, 'request.unsupported_media');
  });

  it('is refused with 400 when it is not UTF-8, rather than read as something else', async () => {
    const answer = await rawProblem(post('/api/auth/login', Buffer.from('{"email":"a@b.co","password":"\xff\xfe"}', 'latin1')));
    expect(answer.status).toBe(400);
    expectProblem(answer, 'request.malformed');
  });

  it('may be nested 30,000 deep', async () => {
    const deep = `${'['.repeat(30_000)}"\\u0000"${']'.repeat(30_000)}`;
    for (const body of [`{"email":${deep}}`, `{"email":"a@b.co","password":"x","more":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`]) {
      const { status } = await login(body, JSON_TYPE);
      expect([400, 401]).toContain(status);
    }
  });

  it('has no say with a name twice: the last counts, for all of us', async () => {
    const { admin, domain } = company;
    const answer = await login(`{"email":"nobody@${domain}","email":"${admin.email}","password":"${PASSWORD}"}`, JSON_TYPE);
    expect(answer.status).toBe(200);
    const two = await world.call('GET', '/api/users?limit=1&limit=2', { token: admin.token });
    expect(two.status).toBe(400);
    expectProblem(two);
  });

  it.each([
    ['__proto__', '{"role":"admin","is_active":true}'],
    ['constructor', '{"prototype":{"role":"admin"}}'],
    ['prototype', '{"role":"admin"}'],
  ])('changes nothing by the name %s', async (name, value) => {
    const { admin } = company;
    const user = await company.person('user');
    const changed = await world.call('PUT', '/api/users/me', {
      token: user.token,
      body: `{"full_name":"Changed","${name}":${value}}`,
      headers: JSON_TYPE,
    });
    expect([200, 400]).toContain(changed.status);
    const listed = await admin.get('/api/users');
    expect(listed.body.data.find(({ id }: { id: string }) => id === user.id).role).toBe('user');
    const stranger = await world.call('GET', '/api/users/me');
    expect(stranger.status).toBe(401);
    expect(stranger.body.role).toBeUndefined();
  });

  it.each([['/%E0%A4%A'], ['/api/users/%E0%A4%A'], ['/api/users/%'], ['/%c0%ae%c0%ae/etc/passwd']])(
    'is answered 400 as a problem when %s cannot be decoded',
    async (path) => {
      const answer = await rawProblem(`GET ${path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${company.admin.token}\r\n\r\n`);
      expect(answer.status).toBe(400);
      expectProblem(answer);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  it('is answered as a problem however long its parameter or its address is', async () => {
    const parameter = await world.call('GET', `/api/users/${'a'.repeat(5_000)}`, { token: company.admin.token });
    expect(parameter.status).toBe(400);
    expectProblem(parameter, 'request.invalid');
    const query = await world.call('GET', `/api/users?cursor=${'a'.repeat(5_000)}`, { token: company.admin.token });
    expect(query.body.errors).toEqual([{ field: 'cursor', message: expect.any(String) }]);
    const address = await rawProblem(`GET /api/users?x=${'a'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`);
    expect(address.status).toBe(431);
    expectProblem(address);
  });

  it.each([
    ['words that are no HTTP', 'hello\r\n\r\n'],
    ['two lengths', 'POST /api/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
    [
      'a length and chunks (request smuggling)',
      'POST /api/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('is answered 400 as a problem, and hung up on: %s', async (_, request) => {
    const answer = await raw(world.stack.urls[0]!, request);
    expect(answer.status).toBe(400);
    expectProblem({ ...answer, body: JSON.parse(answer.text) });
  });

  it('may be HTTP/1.0, HEAD or TRACE', async () => {
    const old = await rawProblem('GET /nope HTTP/1.0\r\n\r\n');
    expect(old.status).toBe(404);
    expectProblem(old);
    expect((await raw(world.stack.urls[0]!, 'GET /health/live HTTP/1.0\r\n\r\n')).text).toBe('{"status":"ok"}');
    expect((await world.call('HEAD', '/health/live')).status).toBe(200);
    expect((await world.call('HEAD', '/api/users/me')).status).toBe(401);
    const trace = await rawProblem('TRACE /api/users/me HTTP/1.1\r\nhost: a\r\nauthorization: Bearer canary-of-trace\r\n\r\n');
    expect(trace.status).toBe(404);
    expect(trace.text).not.toContain('canary');
  });
});

/** Every text field a client can fill in, with a right value for its neighbours. */
const TEXT_FIELDS: [method: string, path: string, body: Record<string, unknown>][] = [
  ['POST', '/api/auth/register', { email: 'a@b.co', password: PASSWORD, full_name: 'A', company_name: 'A', company_domain: 'nul.test' }],
  ['POST', '/api/auth/login', { email: 'a@b.co', password: 'x', company_domain: 'b.co', totp_code: '1', device_name: 'd' }],
  ['POST', '/api/auth/verify-mfa', { code: '123456', mfa_token: 'x' }],
  ['POST', '/api/auth/refresh', { refresh_token: 'x' }],
  ['POST', '/api/auth/logout', { refresh_token: 'x' }],
  ['POST', '/api/auth/change-password', { current_password: 'x', new_password: 'y' }],
  ['POST', '/api/auth/mfa/disable', { password: 'x', code: '1' }],
  ['POST', '/api/auth/mfa/factors', { type: 'totp', label: 'x' }],
  ['POST', '/api/auth/mfa/enable', { code: '1' }],
  ['POST', '/api/auth/mfa/activate', { totp_code: '1' }],
  ['POST', '/api/auth/mfa/backup-codes', { code: '1' }],
  ['PUT', '/api/users/me', { full_name: 'A', phone_number: '+34612345678' }],
  ['PATCH', '/api/company', { name: 'A' }],
  ['POST', '/api/company/api-keys', { name: 'A', scopes: 'x' }],
  ['PUT', '/api/company/templates/order/email/en', { subject: 'A', body: 'A', html: 'A' }],
];

describe('Text that no database can hold', () => {
  it.each(TEXT_FIELDS)('is refused by name in %s %s', async (method, path, body) => {
    for (const field of Object.keys(body))
      for (const bad of ['a\0b', 'a\ud800b', '\udc00', '\0']) {
        const answer = await world.call(method, path, { token: company.admin.token, body: { ...body, [field]: bad } });
        expect([answer.status, field, answer.body.errors?.map((error: { field: string }) => error.field)]).toEqual([400, field, [field]]);
        expectProblem(answer, 'request.invalid');
      }
  });

  it('is refused by name in a query, too, while whole characters of every plane pass', async () => {
    const { admin } = company;
    const answer = await admin.get('/api/audit?action=a%00b');
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual([{ field: 'action', message: expect.any(String) }]);
    const name = 'Zoë 漢字 👩‍👩‍👧 𝔘';
    expect((await admin.put('/api/users/me', { full_name: name })).body.full_name).toBe(name);
  });

  it('is not sent back many times over, and nothing is nested without end', async () => {
    const long = await world.call('POST', '/api/auth/login', { body: { ['x'.repeat(50_000)]: Array(60).fill('\0') } });
    expect([long.status, JSON.stringify(long.body).length < 10_000]).toEqual([400, true]);
    const deep = await world.call('POST', '/api/auth/login', { body: '['.repeat(20_000) + ']'.repeat(20_000) });
    expect([deep.status, deep.body.code]).toEqual([400, 'request.invalid']);
  });

  it('does no harm in a header', async () => {
    for (const tenant of ['\u0001', 'é', '%00', "' or 1=1 --", '00000000-0000-0000-0000-000000000000'].map((text) =>
      Buffer.from(text).toString('latin1'),
    )) {
      const { status } = await raw(
        world.stack.urls[0]!,
        post('/api/auth/login', '{"email":"a@b.co","password":"x"}', `x-tenant-id: ${tenant}\r\nuser-agent: ${tenant}\r\n`),
      );
      expect([400, 401]).toContain(status);
    }
  });
});

describe('Every answer', () => {
  const HEADERS = {
    'content-security-policy': /default-src 'none'/,
    'x-content-type-options': /^nosniff$/,
    'x-frame-options': /^DENY$/,
    'referrer-policy': /^no-referrer$/,
    'cross-origin-resource-policy': /^same-origin$/,
    'cross-origin-opener-policy': /^same-origin$/,
    'x-request-id': /^[\w.-]{8,64}$/,
  };
  const SOME: [string, string, string, object?][] = [
    ['a success', 'GET', '/api/users/me'],
    ['a token response', 'POST', '/api/auth/login', {}],
    ['a stranger', 'GET', '/api/users'],
    ['an unknown route', 'GET', '/nope'],
    ['a refused field', 'POST', '/api/auth/login', { email: 1 }],
    ['an export', 'GET', '/api/audit/export'],
    ['a probe', 'GET', '/health/live'],
  ];

  it.each(SOME)('carries the security headers, no-store and no trace of what serves it: %s', async (what, method, path, body) => {
    const { admin } = company;
    const answer =
      what === 'a token response'
        ? await admin.login()
        : await world.call(method, path, { ...(body && { body }), ...(what !== 'a stranger' && { token: admin.token }) });
    for (const [name, value] of Object.entries(HEADERS))
      expect([name, answer.headers.get(name)]).toEqual([name, expect.stringMatching(value)]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect([
      answer.headers.get('server'),
      answer.headers.get('x-powered-by'),
      answer.headers.get('set-cookie'),
      answer.headers.get('access-control-allow-origin'),
    ]).toEqual([null, null, null, null]);
  });

  it('echoes a well-formed request id and makes one up otherwise', async () => {
    const own = await world.call('GET', '/nope', { headers: { 'x-request-id': 'checkout-42.abc_D' } });
    expect([own.headers.get('x-request-id'), own.body.request_id]).toEqual(['checkout-42.abc_D', 'checkout-42.abc_D']);
    for (const bad of ['short', 'a'.repeat(65), 'with space 123', 'line"quote<script>', '']) {
      const { headers } = await world.call('GET', '/nope', { headers: { 'x-request-id': bad } });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('says how to authenticate when it is 401, and keys may be cached', async () => {
    for (const path of ['/api/users/me', '/api/audit', '/api/company', '/api/auth/sessions', '/api/auth/mfa/factors']) {
      const { status, headers } = await world.call('GET', path);
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
    expect((await login({ email: 'a@b.co', password: 'x' })).headers.get('www-authenticate')).toBe('Bearer');
    // RFC 6750 section 3.1: a client that sees it refreshes, or signs in again.
    const old = await world.call('GET', '/api/users/me', { token: `${company.admin.token}A` });
    expect([old.status, old.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"']);
    expect(old.body.detail).toContain('expired');
    expect((await world.call('GET', '/.well-known/jwks.json')).headers.get('cache-control')).toBe('public, max-age=60');
  });
});

describe('A browser elsewhere', () => {
  let api: OwnProcess;
  beforeAll(async () => {
    api = await ownApi({
      CORS_ORIGINS: 'https://console.acme.test,https://app.acme.test:8443',
      PUBLIC_URL: 'https://auth.acme.test',
      NODE_ENV: 'production',
      RATE_LIMIT_SCALE: '1',
    });
  });
  afterAll(() => api.stop());
  const ask = (origin: string, init: RequestInit = {}) =>
    fetch(`${api.url}/api/users/me`, { ...init, headers: { origin, ...init.headers } });

  it('may call when its origin is on the list, exactly', async () => {
    for (const origin of ['https://console.acme.test', 'https://app.acme.test:8443']) {
      const { status, headers } = await ask(origin);
      expect([
        status,
        headers.get('access-control-allow-origin'),
        headers.get('access-control-allow-credentials'),
        headers.get('vary'),
      ]).toEqual([401, origin, 'true', expect.stringContaining('Origin')]);
      expect(headers.get('access-control-expose-headers')).toMatch(/x-request-id/);
    }
  });

  it.each([
    'https://evil.test',
    'https://console.acme.test.evil.test',
    'http://console.acme.test',
    'https://app.acme.test',
    'null',
    'https://CONSOLE.acme.test.',
    '*',
  ])('is told nothing when it is %s', async (origin) => {
    expect((await ask(origin)).headers.get('access-control-allow-origin')).toBeNull();
    const preflight = await ask(origin, { method: 'OPTIONS', headers: { 'access-control-request-method': 'PUT' } });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('is let through its preflight with our headers', async () => {
    const { status, headers } = await ask('https://console.acme.test', {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization,content-type,x-evil' },
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('https://console.acme.test');
    expect(headers.get('access-control-allow-methods')).toMatch(/PUT/);
    expect(headers.get('access-control-allow-methods')).toMatch(/PATCH/);
    expect(headers.get('access-control-allow-headers')).not.toMatch(/evil|\*/);
  });

  it('is told to use https where the product is served by https', async () => {
    expect((await fetch(`${api.url}/nope`)).headers.get('strict-transport-security')).toMatch(/max-age=63072000/);
    expect((await world.call('GET', '/nope')).headers.get('strict-transport-security')).toBeNull();
  });
});

describe('Garbage of every kind, for every field of every route', () => {
  /** mulberry32: the same garbage on every run. */
  let seed = 20_261_120;
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)]!;
  const junk = (length: number) =>
    Array.from({ length }, () =>
      String.fromCodePoint(pick([32, 39, 92, 0x25, 0x7f, 0x80, 0xe9, 0x202e, 0xfeff, 0x1f600, 0xffff, Math.floor(random() * 0xd7ff)])),
    ).join('');
  const GARBAGE = (): unknown[] => [
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    -0,
    Number.MAX_SAFE_INTEGER + 2,
    '',
    ' ',
    '\t\n',
    '0',
    '-1',
    'true',
    'null',
    'undefined',
    'NaN',
    '../../etc/passwd',
    "'; drop table tenant; --",
    '${7*7}',
    '{{7*7}}',
    '<script>alert(1)</script>',
    '%00',
    '%s%n',
    '\0',
    'a\0b',
    '\ud83d',
    '\udc00\ud800',
    '\u202e',
    '\uffff',
    '𝔘'.repeat(50),
    'é'.repeat(300),
    'a'.repeat(255),
    'a'.repeat(5_000),
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '01900000-0000-7000-8000-000000000000',
    'a@b.co',
    '"a b"@[127.0.0.1]',
    'a@b.co\r\nbcc: c@d.co',
    '9999-12-31T23:59:59Z',
    '0000-01-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '+999999-01-01T00:00:00Z',
    [],
    [null],
    ['a@b.co', 'c@d.co'],
    {},
    { $gt: '' },
    { toString: 'x' },
    { length: 1e9 },
    { a: { b: { c: [{}] } } },
    junk(20),
    junk(200),
  ];

  interface Operation {
    method: string;
    path: string;
    parameters: { name: string; in: string }[];
    fields: string[];
    isCompatible: boolean;
  }
  const resolve = (schema: any): any => (schema?.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema);
  const operations: Operation[] = Object.entries<Record<string, any>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      parameters: operation.parameters ?? [],
      fields: Object.keys(resolve(operation.requestBody?.content?.['application/json']?.schema)?.properties ?? {}),
      isCompatible: operation.tags[0] === 'Compatible APIs',
    })),
  );

  /** One place at a time is bad, and now and then all of them are. */
  function* requests({
    method,
    path,
    parameters,
    fields,
  }: Operation): Generator<{ method: string; path: string; body?: unknown; headers?: Record<string, string> }> {
    const RIGHT: Record<string, unknown> = {
      email: 'a@b.co',
      password: 'x',
      code: '123456',
      full_name: 'A',
      company_name: 'A',
      company_domain: 'no such domain',
      role: 'user',
      type: 'totp',
      to: '+34612345678',
      recipient: '+34612345678',
      channel: 'sms',
      settings: {},
    };
    const right = () => Object.fromEntries(fields.map((field) => [field, RIGHT[field] ?? 'x']));
    const filled = (values: Record<string, string> = {}) =>
      path.replaceAll(/\{(\w+)\}/g, (_, name) => values[name] ?? '01900000-0000-7000-8000-000000000001');
    const withBody = fields.length > 0;
    for (const field of fields) for (const value of GARBAGE()) yield { method, path: filled(), body: { ...right(), [field]: value } };
    if (withBody) for (const value of GARBAGE()) yield { method, path: filled(), body: value };
    for (const { name, in: place } of parameters)
      for (const value of GARBAGE()) {
        const text = (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed();
        const body = withBody ? { body: right() } : {};
        if (place === 'path' && text.length > 0 && !/^\.{1,2}$/.test(text))
          yield { method, path: filled({ [name]: encodeURIComponent(text) }), ...body };
        if (place === 'query') yield { method, path: `${filled()}?${name}=${encodeURIComponent(text)}`, ...body };
        if (place === 'query') yield { method, path: `${filled()}?${name}[]=${encodeURIComponent(text)}&${name}=1`, ...body };
        if (place === 'header')
          yield {
            method,
            path: filled(),
            ...body,
            headers: {
              [name]: Buffer.from(text.slice(0, 500).replaceAll(/\p{Cc}/gu, ''))
                .toString('latin1')
                .replaceAll(/[^\x20-\x7e\xa0-\xff]/g, '')
                .trim(),
            },
          };
      }
    for (let round = 0; round < 20; round++)
      yield {
        method,
        path: filled(),
        ...(withBody && { body: Object.fromEntries([...fields, junk(5)].map((field) => [field, pick(GARBAGE())])) }),
      };
  }

  it('is answered as a problem or served, and never breaks the server', { timeout: 420_000 }, async () => {
    const garbage = await world.company('Garbage');
    const { admin } = garbage;
    const { key } = await garbage.apiKey([
      'verifications:send',
      'verifications:check',
      'verifications:read',
      'messages:send',
      'messages:raw',
      'messages:read',
    ]);
    const everything = operations.flatMap((operation) => [...requests(operation)]);
    const compatible = new Set(operations.filter(({ isCompatible }) => isCompatible).map(({ path }) => path));
    const counts: Record<string, number> = {};
    const faults: unknown[] = [];
    let next = 0;
    const worker = async () => {
      for (let at = next++; at < everything.length * 2; at = next++) {
        const request = everything[at >> 1]!;
        // Routes that would end the administrator's own session, or make the process hash all day, are tried without one only.
        const ends = /logout|sessions\/\{id\}|change-password|mfa\/disable/.test(request.path);
        // The other half comes from strangers and applications in turn.
        const token = at % 2 === 1 && !ends ? admin.token : at % 4 === 0 ? key : undefined;
        const answer = await world.call(request.method, request.path, { ...request, token, at });
        counts[answer.status] = (counts[answer.status] ?? 0) + 1;
        const isProblem =
          answer.status < 400 ||
          (compatible.has(request.path.split('?')[0]!) && /^(detail|error)$/.test(Object.keys(answer.body).join())) ||
          (/problem\+json/.test(answer.headers.get('content-type') ?? '') &&
            typeof answer.body.detail === 'string' &&
            answer.body.status === answer.status);
        if ((answer.status >= 500 || !isProblem) && request.method !== 'HEAD')
          faults.push({ ...request, token: Boolean(token), status: answer.status, body: answer.body });
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    const sent = Object.values(counts).reduce((sum, count) => sum + count, 0);
    console.info(`garbage: ${sent} requests over ${operations.length} operations: ${JSON.stringify(counts)}`);
    expect(faults.slice(0, 5)).toEqual([]);
    expect(operations.length).toBeGreaterThanOrEqual(40);
    expect(sent).toBeGreaterThan(5_000);
    expect((await admin.get('/api/users/me')).status).toBe(200);
    expect((await world.call('GET', '/api/api-key', { token: key })).status).toBe(200);
  });
});
