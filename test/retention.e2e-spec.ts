import { type Company, World } from './support/world.js';

/** What is kept of the signed heads: all of the last 24 hours, and of each day before (UTC) the last. */
describe('Old heads', () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  afterAll(() => world.stop());

  const DAY = 86_400_000;
  const at = (daysAgo: number, time: string) => `${new Date(Date.now() - daysAgo * DAY).toISOString().slice(0, 10)}T${time}Z`;
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  /** Heads as the sealer signed them then, before the company's first real one. */
  const signedAt = (company: Company, times: string[]) =>
    Promise.all(
      times.map((time, place) =>
        company.sql(
          `insert into audit_head (seq, hash, signed_at, kid, signature) values ($1, sha256('x'), $2, 'audit-0', repeat('A', 86))`,
          [place - times.length, time],
        ),
      ),
    );
  const kept = async (company: Company) =>
    (
      await company.sql<{ signed_at: string }>('select signed_at from audit_head where tenant_id = $1 and seq < 0 order by seq', [
        company.id,
      ])
    ).map(({ signed_at }) => signed_at);
  const thin = async (limit: number): Promise<number> =>
    Number((await world.owner.query('select app.audit_thin($1) as gone', [limit])).rows[0].gone);
  const fromTheBeginning = () => world.superuser.query(`update directory.audit_thinned set until = '2000-01-01'`);

  it('are thinned to one a day, company by company, and the newest is never one that goes', async () => {
    const [busy, quiet] = [await world.company(), await world.company()];
    const days = [at(9, '00:00:00.000'), at(9, '12:00:00.000'), at(9, '23:59:59.999'), at(8, '00:00:00.000'), at(5, '10:00:00.000')];
    const recent = [hoursAgo(23.9), hoursAgo(12), hoursAgo(11)];
    await signedAt(busy, [...days, ...recent]);
    await vi.waitFor(async () => expect(await quiet.sql('select from audit_head where tenant_id = $1', [quiet.id])).not.toHaveLength(0), {
      timeout: 30_000,
    });
    await signedAt(quiet, [at(9, '01:00:00.000'), at(9, '02:00:00.000'), at(9, '03:00:00.000')]);
    await quiet.sql('delete from audit_head where tenant_id = $1 and seq > 0', [quiet.id]);
    await fromTheBeginning();

    expect(await thin(1), 'so many at once and no more').toBe(1);
    while ((await thin(1)) > 0);
    expect(await kept(busy)).toEqual([...days.slice(2), ...recent]);
    expect(await kept(quiet)).toEqual([at(9, '03:00:00.000')]);
    expect(await thin(100)).toBe(0);
  });

  it('leave a chain that verifies, and go on where they were thinned last', async () => {
    const company = await world.company();
    await vi.waitFor(async () => expect((await company.admin.get('/api/audit/heads')).body.data).not.toHaveLength(0), { timeout: 30_000 });
    const { rows } = await world.superuser.query(
      "select until = ((now() - interval '1 day') at time zone 'UTC')::date as today from directory.audit_thinned",
    );
    await thin(10_000);
    expect(rows).toEqual([{ today: true }]);
    const heads = (await company.admin.get('/api/audit/heads')).body.data;
    const lines = (await company.admin.get('/api/audit/export')).body.trim().split('\n');
    expect(heads.map(({ seq }: { seq: number }) => seq)).toContain(JSON.parse(lines.at(-1)).seq);
  });
});
