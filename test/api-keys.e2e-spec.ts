import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { parse } from 'uuid';
import { ownApi } from './support/own-process.js';
import { Proxy } from './support/proxy.js';
import { raw } from './support/raw.js';
import { type Answer, bare, type Company, World } from './support/world.js';

const KEYS = '/api/company/api-keys';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const document = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'openapi.json'), 'utf8'));

let world: World;
let company: Company;
beforeAll(async () => {
  world = new World();
  company = await world.company();
});
afterAll(() => world.stop());

/** Which key is this? In any of the ways a key may be shown. */
const asks = (headers: Record<string, string>, at = 0) => world.call('GET', '/api/api-key', { headers, at });
const shows = (key: string, at = 0) => asks({ 'x-api-key': key }, at);
const expectRefused = (answer: Answer, what = '') =>
  expect(bare(answer), what).toMatchObject({ status: 401, code: 'auth.invalid_api_key', detail: 'This API key is not valid.' });

/** A key with other bytes in it, and a checksum that is right for them: whoever can read can make one. */
function forged(key: string, change: (bytes: Buffer) => void): string {
  const bytes = Buffer.from(key.slice(3, -6), 'base64url');
  change(bytes);
  const body = `ww_${bytes.toString('base64url')}`;
  let [rest, digits] = [crc32(body), ''];
  for (let at = 0; at < 6; at++, rest = Math.floor(rest / 62)) digits = DIGITS[rest % 62] + digits;
  return body + digits;
}

describe('An API key', () => {
  it('is shown once, and kept as a hash alone', async () => {
    const { status, body } = await company.admin.post(KEYS, {
      name: ' Shop ',
      scopes: ['messages:send', 'verifications:send', 'messages:send'],
      expires_in_days: 30,
    });
    expect([status, body]).toEqual([
      201,
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        name: 'Shop',
        scopes: ['messages:send', 'verifications:send'],
        hint: body.key.slice(-4),
        created_by: company.admin.id,
        created_at: expect.any(String),
        last_used_at: null,
        expires_at: expect.any(String),
        revoked_at: null,
        rotated_to: null,
        expires_soon: false,
        key: expect.stringMatching(/^ww_[\w-]{86}[0-9A-Za-z]{6}$/),
      },
    ]);
    expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(30 * 86_400_000);

    const list = await company.admin.get(KEYS);
    const { key, ...rest } = body;
    expect(list.body.data.find(({ id }: { id: string }) => id === body.id)).toEqual(rest);
    const [{ row }] = (await company.sql('select to_jsonb(k)::text as row from api_key k where id = $1', [body.id])) as [{ row: string }];
    const secret = Buffer.from(key.slice(3, -6), 'base64url').subarray(32);
    for (const text of [JSON.stringify(list.body), row])
      for (const part of [key, key.slice(50, 80), secret.toString('hex'), secret.toString('base64')]) expect(text).not.toContain(part);
    expect(JSON.stringify(list.body)).not.toMatch(/hash/);
  });

  it.each([
    ['no scope', { name: 'A', scopes: [] }, 'scopes'],
    ['an unknown scope', { name: 'A', scopes: ['messages:send', 'admin'] }, 'scopes.1'],
    ['a scope of a prototype', { name: 'A', scopes: ['constructor'] }, 'scopes.0'],
    ['no name', { name: '  ', scopes: ['messages:send'] }, 'name'],
    ['a name that turns the list around', { name: 'a\u202eb', scopes: ['messages:send'] }, 'name'],
    ['an end that was', { name: 'A', scopes: ['messages:send'], expires_in_days: 0 }, 'expires_in_days'],
    ['an end beyond ten years', { name: 'A', scopes: ['messages:send'], expires_in_days: 3651 }, 'expires_in_days'],
  ])('is not made with %s', async (_, body, field) => {
    const answer = await company.admin.post(KEYS, body);
    expect([answer.status, answer.body.errors?.map((error: { field: string }) => error.field)]).toEqual([400, [field]]);
  });

  it('is for administrators to make, see and revoke', async () => {
    const { id } = await company.apiKey();
    for (const role of ['manager', 'user'] as const) {
      const person = await company.person(role);
      for (const answer of [
        await person.get(KEYS),
        await person.post(KEYS, { name: 'A', scopes: ['messages:send'] }),
        await person.delete(`${KEYS}/${id}`),
      ])
        expect([role, answer.status, answer.body.code]).toEqual([role, 403, 'auth.forbidden']);
    }
  });

  it('says whose it is in each of the ways it may be shown, to every process', async () => {
    const { id, key } = await company.apiKey(['messages:read', 'verifications:check']);
    for (const at of [0, 1])
      for (const headers of [
        { authorization: `Bearer ${key}` },
        { authorization: `bearer  ${key}` },
        { authorization: key },
        { 'x-api-key': key },
      ]) {
        const { status, body } = await asks(headers as Record<string, string>, at);
        expect([status, body]).toEqual([
          200,
          { id, name: 'Checkout', scopes: ['messages:read', 'verifications:check'], company_id: company.id, company_name: 'Acme' },
        ]);
      }
  });

  it('comes in pages, newest first', async () => {
    const own = await world.company();
    const made = [];
    for (let count = 0; count < 5; count++) made.unshift((await own.apiKey()).id);
    const seen: string[] = [];
    let path = `${KEYS}?limit=2`;
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await own.admin.get(path, pages);
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      path = `${KEYS}?limit=2&cursor=${body.next_cursor}`;
      expect(body.next_cursor === null).toBe(pages === 2);
    }
    expect(seen).toEqual(made);
  });
});

describe('It is refused', () => {
  it('beside any other credential, and no side is taken', async () => {
    const { key } = await company.apiKey();
    const other = (await company.apiKey()).key;
    const { token } = company.admin;
    for (const path of ['/api/api-key', '/api/users/me', '/api/auth/mfa/factors'])
      for (const headers of [
        { authorization: `Bearer ${key}`, 'x-api-key': key },
        { authorization: key, 'x-api-key': other },
        { authorization: `Bearer ${token}`, 'x-api-key': key },
        { authorization: `Bearer ${token}`, 'x-api-key': '' },
        { authorization: 'Basic YTpi', 'x-api-key': key },
      ])
        expect((await world.call('GET', path, { headers })).body).toMatchObject({ status: 400, code: 'auth.several_credentials' });
    for (const headers of [
      [`authorization: Bearer ${key}`, `Authorization: Bearer ${token}`],
      [`Authorization: Bearer ${token}`, `authorization: ${key}`],
      [`x-api-key: ${key}`, `X-API-Key: ${other}`],
    ]) {
      const { status, text } = await raw(world.stack.urls[0]!, `GET /api/api-key HTTP/1.1\r\nhost: a\r\n${headers.join('\r\n')}\r\n\r\n`);
      expect([status, JSON.parse(text).code]).toEqual([400, 'auth.several_credentials']);
    }
  });

  it("alike when it is no key, a person's token, forged, revoked or over", async () => {
    const person = await company.person();
    await person.enablesTotp();
    const { key } = await company.apiKey();
    const elsewhere = await world.company('Elsewhere');
    const theirs = (await elsewhere.apiKey()).key;
    const over = await company.apiKey(['messages:send'], { expires_in_days: 1 });
    expect((await shows(over.key)).status).toBe(200);
    await company.sql(`update api_key set expires_at = now() - interval '1 millisecond' where id = $1`, [over.id]);
    const refused: Record<string, string> = {
      'an access token': person.token,
      'a refresh token': person.refreshToken,
      'a pending token': await person.pendingToken(),
      'a word': 'x',
      nothing: '',
      'a Bearer in the wrong place': `Bearer ${key}`,
      'two in one': `${key}, ${key}`,
      'cut short': key.slice(0, -1),
      'a wrong checksum': key.slice(0, -1) + (key.endsWith('0') ? '1' : '0'),
      'another secret': forged(key, (bytes) => (bytes[63]! ^= 1)),
      'another key': forged(key, (bytes) => (bytes[31]! ^= 1)),
      "another company's name": forged(key, (bytes) => parse(elsewhere.id).forEach((byte, at) => (bytes[at] = byte))),
      "another company's key under our name": forged(theirs, (bytes) => parse(company.id).forEach((byte, at) => (bytes[at] = byte))),
      "ours with another's secret": forged(key, (bytes) => Buffer.from(theirs.slice(3, -6), 'base64url').copy(bytes, 32, 32)),
      'ids that are none': forged(key, (bytes) => bytes.fill(0x77)),
      'one whose time is over': over.key,
    };
    for (const [what, text] of Object.entries(refused)) for (const at of [0, 1]) expectRefused(await shows(text, at), what);
    for (const [what, text] of Object.entries(refused).filter(([, text]) => text.startsWith('ww_') && !text.includes(','))) {
      expectRefused(await asks({ authorization: text }), what);
      expectRefused(await asks({ authorization: `Bearer ${text}` }), what);
    }
    expect((await shows(key)).status).toBe(200);
    expect((await shows(theirs)).body.company_id).toBe(elsewhere.id);
  });

  it('from the next request on once it is revoked, on every process, and stays in the list', async () => {
    const { id, key } = await company.apiKey();
    for (const at of [0, 1, 0, 1]) expect((await shows(key, at)).status).toBe(200);
    expect((await company.admin.delete(`${KEYS}/${id}`)).status).toBe(204);
    for (const at of [1, 0]) expectRefused(await shows(key, at));
    const { body } = await company.admin.get(KEYS);
    const listed = body.data.find((each: { id: string }) => each.id === id);
    expect(listed.revoked_at).not.toBeNull();
    expect((await company.admin.delete(`${KEYS}/${id}`)).status, 'again').toBe(204);
    expect((await company.admin.get(KEYS)).body.data.find((each: { id: string }) => each.id === id)).toEqual(listed);
  });

  it('without a question to the database when its form or checksum is wrong', { timeout: 60_000 }, async () => {
    const proxy = await Proxy.before(world.stack.env.DATABASE_URL!);
    const api = await ownApi({ DATABASE_URL: proxy.url });
    try {
      const { key } = await company.apiKey();
      proxy.turns('refuse');
      const ask = async (text: string) => (await fetch(`${api.url}/api/api-key`, { headers: { 'x-api-key': text } })).status;
      for (const wrong of [
        'x',
        company.admin.token,
        key.slice(0, -1) + (key.endsWith('0') ? '1' : '0'),
        forged(key, (bytes) => bytes.fill(0x77)),
      ])
        expect(await ask(wrong)).toBe(401);
      expect(await ask(key), 'the database is gone').toBe(503);
    } finally {
      await api.stop();
      await proxy.stop();
    }
  });
});

describe('An application', () => {
  it('reaches what declares scopes and what is public, and nothing else', async () => {
    const { key } = await company.apiKey([
      'verifications:send',
      'verifications:check',
      'verifications:read',
      'messages:send',
      'messages:raw',
      'messages:read',
    ]);
    const reached: string[] = [];
    let closed = 0;
    for (const [path, methods] of Object.entries<Record<string, any>>(document.paths))
      for (const [method, operation] of Object.entries(methods))
        for (const headers of [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }] as Record<string, string>[]) {
          const where = path.replaceAll(/\{\w+\}/g, '01900000-0000-7000-8000-000000000001');
          const { status, body } = await world.call(method.toUpperCase(), where, { ...(operation.requestBody && { body: {} }), headers });
          const isForKeys = (operation.security ?? []).some((each: object) => 'apiKey' in each);
          expect([path, isForKeys]).toEqual([path, 'x-scopes' in operation]);
          if (isForKeys || !operation.security) {
            expect([method, path, status === 403, body.code === 'auth.invalid_api_key']).toEqual([method, path, false, false]);
            if (isForKeys) reached.push(`${method} ${path}`);
          } else {
            expect([method, path, status, body.code]).toEqual([method, path, 403, 'auth.forbidden']);
            closed++;
          }
        }
    expect(new Set(reached)).toContain('get /api/api-key');
    expect(closed).toBeGreaterThan(60);
  });

  it('is no person: nobody but a key is told which key it is', async () => {
    for (const role of ['admin', 'manager', 'user'] as const) {
      const person = await company.person(role);
      expect((await person.get('/api/api-key')).body).toMatchObject({ status: 403, code: 'auth.forbidden' });
      if (role !== 'user') continue;
      await person.enablesTotp();
      const token = await person.pendingToken();
      expect((await world.call('GET', '/api/api-key', { token })).body).toMatchObject({ status: 403, code: 'auth.mfa_required' });
    }
    expect((await world.call('GET', '/api/api-key')).body).toMatchObject({ status: 401, code: 'auth.sign_in_required' });
  });

  it('goes on when the person who made its key is gone', async () => {
    const own = await world.company();
    const maker = await own.person('admin');
    const { status, body } = await maker.post(KEYS, { name: 'A', scopes: ['messages:send'] });
    expect(status).toBe(201);
    expect((await own.admin.post(`/api/users/${maker.id}/deactivate`)).status).toBe(200);
    expect((await shows(body.key)).status).toBe(200);
    expect((await own.admin.delete(`/api/users/${maker.id}`)).status).toBe(204);
    expect((await shows(body.key, 1)).status).toBe(200);
    expect((await own.admin.get(KEYS)).body.data[0]).toMatchObject({ id: body.id, created_by: null });
  });

  it('leaves a note of its last use once a minute, and nobody waits to write it', async () => {
    const { id, key } = await company.apiKey();
    const lastUse = async () => (await company.sql('select last_used_at, xmin from api_key where id = $1', [id]))[0];
    expect((await lastUse()).last_used_at).toBeNull();
    await shows(key);
    const first = await lastUse();
    expect(Math.abs(first.last_used_at - Date.now())).toBeLessThan(10_000);
    await shows(key, 1);
    expect(await lastUse()).toEqual(first);

    await company.sql(`update api_key set last_used_at = now() - interval '61 seconds' where id = $1`, [id]);
    const hold = { text: 'select from api_key where id = $1 for update', values: [id] };
    let inTime = 0;
    const uses = Array.from({ length: 6 }, (_, at) => async () => {
      const { status } = await shows(key, at);
      inTime++;
      return status;
    });
    // The gate opens once all of them have answered or wait; that they have answered shows in the row, which none of them could write.
    expect(await world.gate(company.id, hold, uses)).toEqual(Array<number>(6).fill(200));
    expect(inTime).toBe(6);
    expect(Date.now() - (await lastUse()).last_used_at).toBeGreaterThan(60_000);
    await shows(key);
    expect(Date.now() - (await lastUse()).last_used_at).toBeLessThan(10_000);
  });

  it('has as many requests a minute as are set, apart from the people at its address', { timeout: 60_000 }, async () => {
    const limits = { TRUSTED_PROXIES: '127.0.0.1', RATE_LIMIT_SCALE: '1', RATE_LIMIT_IP: '3', RATE_LIMIT_APPLICATION: '5' };
    const api = await ownApi(limits);
    try {
      const [{ key }, { key: second }] = [await company.apiKey(), await company.apiKey()];
      const ask = async (from: string, text: string, path = '/api/api-key') =>
        (await fetch(`${api.url}${path}`, { headers: { 'x-forwarded-for': from, ...(text && { 'x-api-key': text }) } })).status;
      const many = async (count: number, one: (at: number) => Promise<number>) => {
        const all: number[] = [];
        for (let at = 0; at < count; at++) all.push(await one(at));
        return all;
      };
      expect(await many(7, (at) => ask(`192.0.2.${at}`, key)), 'one key from everywhere').toEqual([200, 200, 200, 200, 200, 429, 429]);
      expect(await many(6, () => ask('198.51.100.1', second)), 'one address').toEqual([200, 200, 200, 200, 200, 429]);
      expect(await many(4, () => ask('198.51.100.1', '', '/api/users/me')), 'the people there').toEqual([401, 401, 401, 429]);
      expect(await many(4, () => ask('198.51.100.2', second, '/api/users/me')), 'where no key belongs').toEqual([403, 403, 403, 429]);
    } finally {
      await api.stop();
    }
  });
});

describe('A company', () => {
  const insert = (own: Company, count: number, more = '') =>
    own.sql(
      `insert into api_key (id, name, scopes, secret_hash, hint ${more && ', revoked_at, expires_at'})
       select app.uuidv7(), 'K', '{}', sha256(''), '' ${more} from generate_series(1, $1::integer)`,
      [count],
    );

  it('has at most 100 live keys, of which the last is given once however many ask for it', async () => {
    const own = await world.company();
    await insert(own, 50, ', now(), null');
    await insert(own, 50, `, null, now() - interval '1 second'`);
    await insert(own, 99);
    const ask = (at: number) => () => own.admin.post(KEYS, { name: 'Last', scopes: ['messages:send'] }, at);
    const hold = { text: 'select from tenant where id = $1 for update', values: [own.id] };
    const answers = await world.gate(own.id, hold, [0, 1, 2, 3].map(ask));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('company.too_many_api_keys');
    const { id } = answers.find(({ status }) => status === 201)!.body;
    expect((await own.admin.delete(`${KEYS}/${id}`)).status).toBe(204);
    expect((await ask(0)()).status).toBe(201);
  });

  it("does not revoke another company's key, nor learn whether there is one", async () => {
    const [mine, theirs] = [await world.company(), await world.company()];
    const { id, key } = await theirs.apiKey();
    const [foreign, unknown] = [
      await mine.admin.delete(`${KEYS}/${id}`),
      await mine.admin.delete(`${KEYS}/01900000-0000-7000-8000-000000000001`),
    ];
    expect(foreign.body).toMatchObject({ status: 404, code: 'company.api_key_not_found' });
    expect({ ...bare(foreign), instance: '' }).toEqual({ ...bare(unknown), instance: '' });
    expect((await shows(key)).status).toBe(200);
  });

  it('reads in its trail who made and who revoked a key, once each, and never the key', async () => {
    const own = await world.company();
    const { id, key } = await own.apiKey(['messages:raw'], { expires_in_days: 2 });
    await world.race(
      own.id,
      'api_key',
      id,
      [0, 1, 0].map((at) => () => world.call('DELETE', `${KEYS}/${id}`, { token: own.admin.token, at })),
    );
    const { body } = await own.admin.get('/api/audit');
    const events = body.data.filter(({ action }: { action: string }) => action.startsWith('company.api_key'));
    expect(events).toMatchObject([
      { action: 'company.api_key_revoked', outcome: 'success', actor_type: 'user', actor_id: own.admin.id, target_id: id, details: {} },
      {
        action: 'company.api_key_created',
        actor_type: 'user',
        actor_id: own.admin.id,
        target_id: id,
        details: { name: 'Checkout', scopes: ['messages:raw'], expires_at: expect.any(String) },
      },
    ]);
    expect(JSON.stringify(body)).not.toContain(key.slice(-40));
  });
});
