import { type Company, World } from './support/world.js';

const KEYS = '/api/company/api-keys';
const HOUR = 3_600_000;

let world: World;
let company: Company;
beforeAll(async () => {
  world = new World();
  company = await world.company();
});
afterAll(() => world.stop());

const opens = async (key: string, at = 0) => (await world.call('GET', '/api/api-key', { headers: { 'x-api-key': key }, at })).status;
const rotates = (id: string, body: object = {}, at = 0) => company.admin.post(`${KEYS}/${id}/rotate`, body, at);
const listed = async (id: string) => (await company.admin.get(`${KEYS}?limit=100`)).body.data.find((one: { id: string }) => one.id === id);

describe('An API key that is rotated', () => {
  it('gives way to one with its name and scopes, and both are good until the overlap is over', async () => {
    const { id, key } = await company.apiKey(['messages:send', 'messages:read']);
    const { status, body } = await rotates(id, { overlap_hours: 2 });
    expect([status, body]).toEqual([
      201,
      expect.objectContaining({ name: 'Checkout', scopes: ['messages:send', 'messages:read'], expires_at: null, rotated_to: null }),
    ]);
    expect(body.key).toMatch(/^ww_[\w-]{86}[0-9A-Za-z]{6}$/);
    expect(body.id).not.toBe(id);
    const old = await listed(id);
    expect(old).toMatchObject({ rotated_to: body.id, revoked_at: null, expires_soon: false });
    expect(Date.parse(old.expires_at) - Date.now()).toBeGreaterThan(1.9 * HOUR);
    expect(Date.parse(old.expires_at) - Date.now()).toBeLessThan(2.1 * HOUR);
    for (const at of [0, 1]) expect([await opens(key, at), await opens(body.key, at)]).toEqual([200, 200]);

    await company.sql(`update api_key set expires_at = now() - interval '1 millisecond' where id = $1`, [id]);
    for (const at of [0, 1]) expect([await opens(key, at), await opens(body.key, at)]).toEqual([401, 200]);
    const [event] = await company.sql(`select details from audit_event where action = 'company.api_key_rotated' and target_id = $1`, [id]);
    expect(event.details).toEqual({ name: 'Checkout', rotated_to: body.id, expires_at: old.expires_at });
    expect(JSON.stringify(event)).not.toContain(body.key.slice(-40));
  });

  it('ends at once without an overlap, and by itself within a day', async () => {
    const first = await company.apiKey();
    const { body } = await rotates(first.id, { overlap_hours: 0 });
    expect([await opens(first.key), await opens(body.key)]).toEqual([401, 200]);
    await rotates(body.id);
    const { expires_at } = await listed(body.id);
    expect(Math.abs(Date.parse(expires_at) - Date.now() - 24 * HOUR)).toBeLessThan(60_000);
  });

  it('ends no later than it would have, and hands on how long it lives', async () => {
    const { id } = await company.apiKey(['messages:send'], { expires_in_days: 30 });
    await company.sql(
      `update api_key set created_at = created_at - interval '29 days 23 hours', expires_at = expires_at - interval '29 days 23 hours' where id = $1`,
      [id],
    );
    const { expires_at } = await listed(id);
    const { body } = await rotates(id, { overlap_hours: 168 });
    expect((await listed(id)).expires_at).toBe(expires_at);
    expect(Math.abs(Date.parse(body.expires_at) - Date.parse(body.created_at) - 30 * 24 * HOUR)).toBeLessThan(1_000);
  });

  it('is rotated once, however many ask at the same time', async () => {
    const { id } = await company.apiKey();
    const hold = { text: 'select from tenant where id = $1 for update', values: [company.id] };
    const answers = await world.gate(
      company.id,
      hold,
      [0, 1, 0].map((at) => () => rotates(id, {}, at)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('company.api_key_over');
    expect(await company.sql('select from api_key where rotated_to is not null and id = $1', [id])).toHaveLength(1);
  });

  it('is neither one that is over, nor one that is not there, nor anything that a manager may do', async () => {
    const [revoked, expired, live] = [await company.apiKey(), await company.apiKey(), await company.apiKey()];
    await company.admin.delete(`${KEYS}/${revoked.id}`);
    await company.sql('update api_key set expires_at = now() where id = $1', [expired.id]);
    for (const { id } of [revoked, expired]) expect((await rotates(id)).body.code).toBe('company.api_key_over');
    expect((await rotates('01900000-0000-7000-8000-000000000001')).body.code).toBe('company.api_key_not_found');
    const stranger = await world.company();
    expect((await stranger.admin.post(`${KEYS}/${live.id}/rotate`, {})).body.code).toBe('company.api_key_not_found');
    const manager = await company.person('manager');
    expect((await manager.post(`${KEYS}/${live.id}/rotate`, {})).status).toBe(403);
    for (const hours of [-1, 169, 1.5]) expect((await rotates(live.id, { overlap_hours: hours })).status).toBe(400);
    expect(await opens(live.key)).toBe(200);
  });

  it('can be the last of a hundred', async () => {
    const own = await world.company();
    await own.sql(
      `insert into api_key (id, name, scopes, secret_hash, hint) select app.uuidv7(), 'K', '{}', sha256(''), '' from generate_series(1, 99)`,
    );
    const { id } = await own.apiKey();
    expect((await own.admin.post(KEYS, { name: 'One more', scopes: ['messages:send'] })).status).toBe(409);
    expect((await own.admin.post(`${KEYS}/${id}/rotate`, {})).status).toBe(201);
    expect((await own.admin.post(KEYS, { name: 'One more', scopes: ['messages:send'] })).status).toBe(409);
  });
});

describe('A key that ends soon', () => {
  it('says so in the list until another has taken its place', async () => {
    const [soon, late, never] = [
      await company.apiKey(['messages:send'], { expires_in_days: 13 }),
      await company.apiKey(['messages:send'], { expires_in_days: 15 }),
      await company.apiKey(),
    ];
    const marks = () => Promise.all([soon, late, never].map(async ({ id }) => (await listed(id)).expires_soon));
    expect(await marks()).toEqual([true, false, false]);
    await rotates(soon.id);
    expect(await marks()).toEqual([false, false, false]);
  });
});
