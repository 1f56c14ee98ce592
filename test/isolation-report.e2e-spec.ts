import { DeliveryWorld } from './support/delivery-world.js';
import { ownApi } from './support/own-process.js';

let world: DeliveryWorld;
beforeAll(async () => {
  world = await DeliveryWorld.start({ workers: 0 });
}, 180_000);
afterAll(() => world.stop());

describe('The isolation report of a company', () => {
  it('says of every table what keeps companies apart, and that no row crosses', async () => {
    const company = await world.company();
    await world.company();
    const { status, body } = await company.admin.get('/api/company/isolation');
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body).toMatchObject({ ok: true, holes: [], own_probe: 'passed', checked_at: expect.any(String) });
    const { rows } = await world.owner.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'migration' order by 1`,
    );
    expect(body.tables.map(({ table }: any) => table)).toEqual(rows.map(({ name }) => name));
    for (const table of body.tables) {
      expect(table).toMatchObject({ row_level_security: true, forced: true, holes: [] });
      expect(table.policies).toContain('tenant');
      expect([table.table, table.probe]).toEqual([table.table, table.privileges.includes('SELECT') ? 'passed' : 'not_probed']);
    }
    const user = body.tables.find(({ table }: any) => table === 'user_account');
    expect(user.privileges).toEqual(['DELETE', 'INSERT', 'SELECT', 'UPDATE']);
    expect(user.owner).not.toBe(body.role);
  });

  it('tells nothing of other companies, nor of where the database is', async () => {
    const [company, other] = [await world.company(), await world.company('Globex')];
    const text = JSON.stringify((await company.admin.get('/api/company/isolation')).body);
    const { hostname, port, password } = new URL(world.stack.env.DATABASE_URL!);
    for (const secret of [other.id, other.domain, 'Globex', hostname, `:${port}`, decodeURIComponent(password), 'postgres:'])
      expect(text.includes(secret), secret).toBe(false);
  });

  it('is for administrators, and not for asking all the time', async () => {
    const company = await world.company();
    expect((await (await company.person('manager')).get('/api/company/isolation')).status).toBe(403);
    expect((await world.call('GET', '/api/company/isolation')).status).toBe(401);
    const api = await ownApi({ ...world.stack.env, RATE_LIMIT_SCALE: '0.1' });
    try {
      const other = await world.company();
      const second = await company.person('admin');
      const ask = async ({ token }: { token: string }) => {
        const response = await fetch(`${api.url}/api/company/isolation`, { headers: { authorization: `Bearer ${token}` } });
        return [response.status, Number(response.headers.get('retry-after')) > 0];
      };
      // Whoever of the company asks; and nobody of another.
      for (const person of [company.admin, second, second]) expect(await ask(person)).toEqual([200, false]);
      expect(await ask(company.admin)).toEqual([429, true]);
      expect(await ask(other.admin)).toEqual([200, false]);
    } finally {
      await api.stop();
    }
  });

  it('names a hole that somebody has made, and the rows that come through it', async () => {
    const [company] = [await world.company(), await world.company('Globex')];
    const owned = (text: string) => world.owner.query(text);
    await owned('create policy leak on public.user_account for select using (true)');
    try {
      const { body } = await company.admin.get('/api/company/isolation');
      const user = body.tables.find(({ table }: any) => table === 'user_account');
      expect([body.ok, body.own_probe, user.probe]).toEqual([false, 'failed', 'failed']);
      expect(user.holes.join()).toContain('leak');
      expect(body.tables.filter(({ probe }: any) => probe === 'failed')).toHaveLength(1);
    } finally {
      await owned('drop policy leak on public.user_account');
    }
    expect((await company.admin.get('/api/company/isolation')).body.ok).toBe(true);
  });
});
