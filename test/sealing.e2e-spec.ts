import pg from 'pg';
import { type Company, World } from './support/world.js';

describe('An event that cannot be sealed', () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  afterAll(() => world.stop());

  /** As somebody would who has found a way to run SQL as the apps' role. */
  const inject = async (company: Company, text: string): Promise<string> => {
    const app = new pg.Client(world.stack.env.DATABASE_URL);
    await app.connect();
    try {
      await app.query('begin');
      await app.query(`select set_config('app.tenant', $1, true)`, [world.signTenant(company.id)]);
      await app.query(text);
      await app.query('commit');
      return 'inserted';
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await app.end();
    }
  };
  const unsealed = async ({ id }: Company): Promise<number> =>
    (
      await world.superuser.query(
        `select count(*)::int as n from audit_event e where tenant_id = $1 and not exists (select from audit_chain c where c.tenant_id = $1 and c.event_id = e.id)`,
        [id],
      )
    ).rows[0].n;

  it('holds up its own company, and no other', async () => {
    const [poisoned, other] = [await world.company(), await world.company()];
    expect(await inject(poisoned, `insert into audit_event (action, outcome, details) values ('probe', 'success', '{"x": 1e400}')`)).toBe(
      'inserted',
    );
    await other.admin.put('/api/users/me', { full_name: 'After' });
    await vi.waitFor(async () => expect(await unsealed(other)).toBe(0), { timeout: 30_000, interval: 100 });
    expect(await unsealed(poisoned)).toBeGreaterThan(0);

    // Put right, it goes on by itself.
    await world.superuser.query(`update audit_event set details = '{}' where tenant_id = $1 and action = 'probe'`, [poisoned.id]);
    await vi.waitFor(async () => expect(await unsealed(poisoned)).toBe(0), { timeout: 30_000, interval: 100 });
  });

  it('is not taken in where its details are no object', async () => {
    const company = await world.company();
    expect(await inject(company, `insert into audit_event (action, outcome, details) values ('probe', 'success', '[1.5, null]')`)).toBe(
      '23514',
    );
  });
});
