import { createHash, createHmac, randomBytes } from 'node:crypto';
import pg from 'pg';
import { snapshot, type Tenancy, tenancy } from './support/two-companies.js';
import { type Company, World } from './support/world.js';

let world: World;
let acme: Tenancy;
let globex: Tenancy;
beforeAll(async () => {
  world = new World();
  [acme, globex] = await Promise.all([tenancy(world, 'Acme'), tenancy(world, 'Globex')]);
});
afterAll(() => world.stop());

describe('By the functions of the database, the role of the apps', () => {
  let app: pg.Client;
  let mine: string;
  let theirs: string;
  beforeAll(async () => {
    app = new pg.Client(world.stack.env.DATABASE_URL);
    await app.connect();
    [mine, theirs] = [acme.company.id, globex.company.id];
  });
  afterAll(() => app.end());
  afterEach(() => app.query('rollback'));

  const lookup = (email: string) =>
    createHmac('sha256', Buffer.from(world.stack.env.TENANT_KEY!, 'base64')).update(`lookup:${email}`).digest('hex');
  const bind = (setting: string) => app.query(`select set_config('app.tenant', $1, true)`, [setting]);
  const asAcme = async () => {
    await app.query('begin');
    await bind(world.signTenant(mine));
  };
  const refused = (text: string, code = '42501', values: unknown[] = []) =>
    expect(app.query(text, values), text).rejects.toMatchObject({ code });
  /** Bound by a signed company, by the proof of the app, or to what the setting app.tenant names; and the clean-up, which takes nothing. */
  const RUN_AS_OWNER = [
    'account_mail',
    'api_key_check',
    'attempt_clear',
    'attempt_take',
    'audit_append',
    'audit_claim',
    'audit_page', // of seven arguments, for processes of before, and of eight
    'audit_page',
    'audit_record',
    'audit_requeue',
    'audit_thin',
    'company_find',
    'current_tenant',
    'delivery_begin',
    'delivery_finish',
    'delivery_of_attempt',
    'device_use',
    'due_claim',
    'due_depth',
    'due_done',
    'enrolment_check',
    'factor_attempt',
    'factor_challenge',
    'factor_rest',
    'factor_settle',
    'factor_settle_enrolment',
    'factor_used',
    'identity_flow_arrive',
    'identity_flow_begin',
    'identity_flow_redeem',
    'identity_flow_return',
    'mail_ask',
    'mail_asked',
    'message_create',
    'outside_sign_in_challenge',
    'outside_sign_in_complete',
    'outside_sign_in_read',
    'outside_step_begin',
    'outside_step_end',
    'outside_step_move',
    'outside_step_take',
    'passkey_sign_in_begin',
    'people_with',
    'person_erase',
    'person_records',
    'purge_deliveries',
    'purge_expired',
    'purge_identity_flows',
    'purge_links',
    'purge_webhooks',
    'receipt_handled',
    'receipt_put',
    'recipient_gone',
    'session_check',
    'session_refresh',
    'sign_in_begin',
    'sign_in_challenge',
    'sign_in_complete',
    'sign_in_forgo',
    'signed_attempt',
    'signing_key_put',
    'verification_cancel',
    'verification_check',
    'verification_create',
    'verification_create_in_slot',
    'verification_due',
    'verification_send_again',
    'webhook_begin',
    'webhook_claim',
    'webhook_depth',
    'webhook_finish',
    'webhook_replay',
    'webhook_test',
  ];

  interface Callable {
    name: string;
    names: string[];
    types: string[];
  }
  const callables = async (): Promise<Callable[]> =>
    (
      await world.superuser.query<Callable>(
        `select p.proname as name, p.proargnames[1:p.pronargs] as names, array(select format_type(t, null) from unnest(p.proargtypes) with ordinality a (t, n) order by n) as types
           from pg_proc p where p.pronamespace = 'app'::regnamespace and p.prosecdef and p.pronargs > 0 order by 1`,
      )
    ).rows;
  /** A call with the other company's ids wherever an id is taken. */
  const call = async ({ name, names, types }: Callable, given: Record<string, unknown>) => {
    const [signIn] = await globex.company.sql('select id from sign_in');
    const [flow] = await globex.company.sql('select id, provider_id from identity_flow');
    const theirIds: Record<string, unknown> = {
      p_user: globex.people.user.id,
      p_session: globex.ids.sessions[0],
      p_factor: globex.people.user.factorId,
      p_sign_in: signIn.id,
      p_email: globex.people.user.email,
      p_actor: types[names.indexOf('p_actor')] === 'uuid' ? globex.people.user.id : '{}',
      p_key: name === 'api_key_check' ? globex.ids['api-keys'][0] : '{}',
      p_id: globex.ids.verifications[0],
      p_delivery: globex.ids.messages[0],
      p_attempt: globex.ids.attempts[0],
      p_endpoint: globex.ids.webhooks[0],
      p_webhook: globex.ids.events[0],
      p_link: globex.ids.identities[0],
      p_device: globex.ids.devices[0],
      p_flow: flow.id,
      p_provider: flow.provider_id,
    };
    const theirHash = createHash('sha256')
      .update(Buffer.from(globex.apiKey.slice(3, -6), 'base64url').subarray(32))
      .digest();
    const byType: Record<string, unknown> = {
      text: 'x',
      uuid: null,
      integer: 10,
      bytea: name === 'api_key_check' ? theirHash : Buffer.alloc(32),
      'text[]': null,
      boolean: false,
      jsonb: '{}',
    };
    const values = names.map((argument, at) => (argument in given ? given[argument] : (theirIds[argument] ?? byType[types[at]!] ?? null)));
    return app.query(`select * from app.${name}(${names.map((_, at) => `$${at + 1}::${types[at]}`).join(', ')})`, values);
  };

  it('is refused by every function that takes a company or a proof, unless it is signed', { timeout: 60_000 }, async () => {
    const forged = [
      null,
      '',
      theirs,
      `${theirs}.`,
      `${theirs}.${'0'.repeat(64)}`,
      `${theirs}.${world.signTenant(mine).slice(37)}`,
      world.signTenant(theirs).slice(0, -1),
      world.signTenant(theirs).toUpperCase(),
    ];
    const proofs = [null, '', '0'.repeat(64), world.signTenant(mine).slice(37), world.signTenant(theirs).slice(37), lookup('audit sealer')];
    const before = await snapshot(globex);
    let refusals = 0;
    const met = [];
    for (const callable of await callables()) {
      const argument = callable.names.includes('p_proof')
        ? 'p_proof'
        : callable.types[callable.names.indexOf('p_tenant')] === 'text'
          ? 'p_tenant'
          : undefined;
      if (!argument) continue;
      met.push(callable.name);
      for (const value of argument === 'p_proof' ? proofs : forged) {
        await asAcme();
        // What the owner's own policies look at: to the apps' role it must mean nothing.
        await app.query(`select set_config('app.bound', $1, true)`, [theirs]);
        await expect(call(callable, { [argument]: value }), `${callable.name} with ${value}`).rejects.toMatchObject({ code: '42501' });
        await app.query('rollback');
        refusals++;
      }
    }
    expect(met).toEqual(
      RUN_AS_OWNER.filter(
        (name) => !['attempt_clear', 'attempt_take', 'audit_thin', 'current_tenant'].includes(name) && !name.startsWith('purge_'),
      ),
    );
    expect(refusals).toBe(48 * 8 + 16 * 6);
    expect(await snapshot(globex)).toEqual(before);
  });

  it('is given and changes nothing of another company by any function under its own signature', async () => {
    const before = await snapshot(globex);
    const foreign = [theirs, globex.company.domain, globex.people.user.email, ...Object.values(globex.ids).flat()];
    let calls = 0;
    for (const callable of (await callables()).filter(
      ({ names, types }) => types[names.indexOf('p_tenant')] === 'text' && !names.includes('p_proof'),
    ))
      for (const flag of [true, false]) {
        await app.query('begin');
        await app.query(`select set_config('app.bound', $1, true)`, [theirs]);
        // The answer echoes no id that was asked with; an event may name any actor, as text.
        const said = await call(callable, {
          p_tenant: world.signTenant(mine),
          p_pending: flag,
          p_action: callable.name === 'audit_page' ? null : 'probe.x',
          p_outcome: 'success',
          p_actor_type: 'user',
          ...(callable.name === 'audit_page' && { p_actor: null, p_except: null }),
        }).then(
          ({ rows }) => JSON.stringify(rows),
          ({ code }) => code as string,
        );
        expect(
          foreign.filter((value) => said.includes(value)),
          callable.name,
        ).toEqual([]);
        await app.query('commit');
        calls++;
      }
    expect(calls).toBe(96);
    expect(await snapshot(globex)).toEqual(before);
  });

  it('reaches no function but those that are meant for it', async () => {
    const { rows } = await world.superuser.query(
      `select p.oid::regprocedure::text as name, p.prosecdef as definer from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('app', 'directory', 'private', 'system', 'public') and has_function_privilege('watchword_app', p.oid, 'EXECUTE') order by 1`,
    );
    // Each that runs as the owner has been looked at: what could injected SQL do with it? A new one is a decision, made here.
    expect(rows.filter(({ definer }) => definer).map(({ name }) => name.replace(/^app\.|\(.*/g, ''))).toEqual(RUN_AS_OWNER);
    expect(rows.every(({ name }) => name.startsWith('app.'))).toBe(true);
  });

  it('does not stay in the company that a sign-in looked into', async () => {
    const { email, id } = globex.people.user;
    for (const before of ['', world.signTenant(mine)]) {
      await app.query('begin');
      if (before) await bind(before);
      const { rows } = await app.query('select status, user_id from app.sign_in_begin($1, null, $2)', [email, lookup(email)]);
      expect(rows).toEqual([{ status: 'known', user_id: id }]);
      const after = await app.query(`select coalesce(current_setting('app.tenant', true), '') as setting, app.current_tenant() as tenant`);
      expect(after.rows).toEqual([{ setting: before, tenant: before ? mine : null }]);
      expect((await app.query('select from user_account where tenant_id = $1', [theirs])).rowCount).toBe(0);
      await app.query('rollback');
    }
  });

  it.each(['sign_in_begin($1, null, $2)', 'sign_in_begin($1, $3, $2)'])('needs the proof of this very address for %s', async (call) => {
    const { email } = globex.people.user;
    for (const proof of [
      '',
      '0'.repeat(64),
      lookup(acme.people.user.email),
      world.signTenant(mine).slice(37),
      lookup(email).toUpperCase(),
      null,
    ]) {
      await asAcme();
      await refused(`select * from app.${call}${call.includes('$3') ? '' : ', (select $3::text)'}`, '42501', [email, proof, theirs]);
      await app.query('rollback');
    }
  });

  it('counts and clears attempts in its own company only, and in none without one', async () => {
    const counted = async (company: Company, email: string) =>
      (
        await world.superuser.query(`select failures from directory.attempt where key = private.attempt_key($1, 'password', $2)`, [
          company.id,
          email,
        ])
      ).rows[0]?.failures ?? 0;
    const { email } = globex.people.manager;
    await world.call('POST', '/api/auth/login', { body: { email, password: 'wrong', company_domain: globex.company.domain } });
    expect(await counted(globex.company, email)).toBe(1);
    await asAcme();
    await app.query(`select app.attempt_clear('password', $1)`, [email]);
    await app.query('commit');
    await refused(`select app.attempt_clear('password', '${email}')`);
    expect(await counted(globex.company, email)).toBe(1);
    await refused(`select app.attempt_take('password', '${email}')`);

    const stray = `nobody@${randomBytes(4).toString('hex')}.test`;
    await world.call('POST', '/api/auth/login', { body: { email: stray, password: 'wrong' } });
    await refused(`select app.attempt_clear('password', '${stray}')`);
    expect(
      (await world.superuser.query(`select failures from directory.attempt where key = private.attempt_key(null, 'password', $1)`, [stray]))
        .rows,
    ).toEqual([{ failures: 1 }]);
  });
});
