import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { ENTRY } from './support/stack.js';
import { type Company, PASSWORD, type Person, ran, type Role, World } from './support/world.js';

const TABLES = [
  'tenant',
  'user_account',
  'session',
  'sign_in',
  'mfa_factor',
  'api_key',
  'message_template',
  'account_link',
  'trusted_device',
  'identity_provider',
  'identity_link',
  'identity_flow',
  'audit_event',
  'audit_chain',
  'audit_head',
  'channel_settings',
  'verification',
  'delivery',
  'delivery_attempt',
  'delivery_receipt',
  'spend',
  'webhook_endpoint',
  'webhook_delivery',
];
/** Written by the database's functions alone: the apps' role may read, no more. */
const BY_FUNCTIONS = ['identity_flow', 'verification', 'delivery', 'delivery_attempt', 'delivery_receipt', 'spend', 'webhook_delivery'];
/** Ended, never deleted. */
const KEPT = ['tenant', 'api_key', 'webhook_endpoint', 'account_link', 'trusted_device'];
/** Not even read. */
const UNREAD = ['idempotency'];
const ROLES: Role[] = ['admin', 'manager', 'user'];

interface Operation {
  operationId: string;
  requestBody?: { content: { 'application/json'?: { schema: Schema } } };
  parameters?: { name: string; in: string }[];
  responses: Record<string, { content?: { 'application/json'?: { schema: Schema } } }>;
}
interface Schema {
  $ref?: string;
  type?: string;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
}

let world: World;
let document: { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } };
let acme: Tenancy;
let globex: Tenancy;

/** A company with somebody in each role, factors, sessions, a pending sign-in and a trail. */
interface Tenancy {
  company: Company;
  people: Record<Role, Person>;
  /** Everything of it that a path could name, by the part of the path before the id. */
  ids: Record<
    | 'users'
    | 'sessions'
    | 'factors'
    | 'api-keys'
    | 'verifications'
    | 'messages'
    | 'attempts'
    | 'webhooks'
    | 'events'
    | 'identities'
    | 'devices'
    | 'invitations',
    string[]
  >;
  /** An application of its own. */
  apiKey: string;
}

async function tenancy(name: string): Promise<Tenancy> {
  const company = await world.company(name);
  const people = { admin: company.admin, manager: await company.person('manager'), user: await company.person('user') };
  await people.user.enablesTotp();
  await people.user.signsIn();
  await people.user.pendingToken();
  const setUp = await people.manager.post('/api/auth/mfa/setup');
  expect(setUp.status).toBe(200);
  const { key: apiKey } = await company.apiKey();
  expect((await people.admin.put('/api/company/templates/code/sms/en', { body: `{code} of ${name}` })).status).toBe(200);
  await deliveries(company);
  await outsideIdentity(company, people.user);
  await linksAndDevices(company, people.user);
  const list = (rows: { id: string }[]) => rows.map(({ id }) => id);
  return {
    company,
    people,
    ids: {
      users: list(await company.sql('select id from user_account')),
      sessions: list(await company.sql('select id from session')),
      factors: list(await company.sql('select id from mfa_factor')),
      'api-keys': list(await company.sql('select id from api_key')),
      verifications: list(await company.sql('select id from verification')),
      messages: list(await company.sql('select id from delivery')),
      attempts: list(await company.sql('select id from delivery_attempt')),
      webhooks: list(await company.sql('select id from webhook_endpoint')),
      events: list(await company.sql('select id from webhook_delivery')),
      identities: list(await company.sql('select id from identity_link')),
      devices: list(await company.sql('select id from trusted_device')),
      invitations: list(await company.sql(`select id from account_link where purpose = 'invitation'`)),
    },
    apiKey,
  };
}

/** Somebody who is invited, and a device that is not asked for a second factor. */
async function linksAndDevices(company: Company, { id: userId }: Person): Promise<void> {
  const invited = `insert into account_link (id, purpose, token_hash, email, email_canonical, role, invited_by, expires_at)
    values ($1, 'invitation', sha256('x'), $2, $2, 'user', $3, now() + interval '1 day')`;
  await company.sql(invited, [uuidv7(), `invited@${company.domain}`, company.admin.id]);
  const device = `insert into trusted_device (id, user_id, token_hash, expires_at) values ($1, $2, sha256('x'), now() + interval '1 day')`;
  await company.sql(device, [uuidv7(), userId]);
}

/** A provider, somebody who comes from it, and somebody on the way to it. */
async function outsideIdentity(company: Company, { id: userId }: Person): Promise<void> {
  const provider = uuidv7();
  await company.sql(
    `insert into identity_provider (id, name, issuer, client_id, settings) values ($1, 'acme', 'https://login.test', 'client', $2)`,
    [
      provider,
      {
        scopes: ['openid'],
        allowed_email_domains: [],
        just_in_time: false,
        role: 'user',
        link_verified_emails: false,
        second_factor_acr: [],
        second_factor_amr: [],
        return_urls: [],
        is_enabled: true,
      },
    ],
  );
  await company.sql(`insert into identity_link (id, user_id, issuer, subject) values ($1, $2, 'https://login.test', '1')`, [
    uuidv7(),
    userId,
  ]);
  await company.sql(
    `insert into identity_flow (id, provider_id, user_id, sealed, in_cookie, handle_hash, state_hash, code_hash, code_expires_at, expires_at)
     select $1, $2, $3, 'sealed', false, nothing, nothing, nothing, now() + interval '1 day', now() + interval '1 day' from (values (decode(repeat('00', 32), 'hex'))) v (nothing)`,
    [uuidv7(), provider, userId],
  );
}

/** A code and a plain message under way, and what is written down of them. Nothing is due: no worker changes them. */
async function deliveries(company: Company): Promise<void> {
  const [verification, message, attempt, webhook] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const settings = { api_key: 'a1b2c3d4', api_secret: 'SimulatedSecret1', from: 'Acme', signature_secret: 'x'.repeat(40) };
  expect((await company.admin.put('/api/company/channels/vonage-sms', { settings })).status).toBe(200);
  const step = { channel: 'sms', to: 'sealed', masked: '+34 ••• ••• 123', mac: 'x', country: 'ES', prefix: '+34611', provider: null };
  for (const [text, ...values] of [
    [
      `insert into verification (id, purpose, subject, code_mac, code, workflow, locale, channel_timeout, resend_after, expires_at)
       values ($1, 'api', 'x', sha256('x'), 'sealed', $2, 'en', 60, now(), now() + interval '1 day')`,
      verification,
      JSON.stringify([step]),
    ],
    ...[verification, null].map((of) => [
      `insert into delivery (id, verification_id, channel, recipient, recipient_masked, template, locale, expires_at)
       values ($1, $2, 'sms', 'sealed', '+34 ••• ••• 123', 'code', 'en', now() + interval '1 day')`,
      of ? uuidv7() : message,
      of,
    ]),
    [`insert into delivery_attempt (id, delivery_id, provider) values ($1, $2, 'vonage-sms')`, attempt, message],
    [
      `insert into delivery_receipt (id, provider, event_id, attempt_id, outcome, at) values ($1, 'vonage-sms', 'e', $2, 'delivered', now())`,
      uuidv7(),
      attempt,
    ],
    [`insert into spend (day, amount) values (current_date, 1)`],
    [
      `insert into webhook_endpoint (id, url, event_types, is_enabled, secret) values ($1, 'https://hooks.acme.test/', '{user.created}', false, 'sealed')`,
      webhook,
    ],
    [
      `insert into webhook_delivery (id, endpoint_id, event_id, event_type, body, status) values ($1, $2, $1, 'user.created', '{}', 'delivered')`,
      uuidv7(),
      webhook,
    ],
    [`insert into idempotency (caller_id, key_hash, body_hash, response) values ($1, '', '', '{}')`, uuidv7()],
  ] as [string, ...unknown[]][])
    await company.sql(text, values);
}

/** Every row of the company's tables, as text: but for the chain, which the worker goes on writing. */
async function snapshot({ company }: Tenancy): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const table of [...TABLES, ...UNREAD].filter((name) => !['audit_chain', 'audit_head'].includes(name))) {
    rows[table] = (await company.sql<{ row: string }>(`select to_jsonb(t)::text as row from ${table} t order by 1`)).map(({ row }) => row);
    expect(rows[table], table).not.toHaveLength(0);
  }
  return rows;
}

const resolve = (schema: Schema): Schema => (schema.$ref ? resolve(document.components.schemas[schema.$ref.split('/').at(-1)!]!) : schema);

/** A body that the route's own schema admits, so that nothing but the id can be the reason for a refusal. */
function bodyFor(operation: Operation): Record<string, unknown> | undefined {
  const schema = operation.requestBody?.content['application/json']?.schema;
  if (!schema) return undefined;
  const { properties = {}, required = [] } = resolve(schema);
  const known: Record<string, unknown> = { code: '123456', full_name: 'Mallory', role: 'admin', overlap_hours: 0, enabled: true };
  return Object.fromEntries(
    Object.keys(properties)
      .filter((name) => required.includes(name) || name in known)
      .map((name) => [name, known[name] ?? PASSWORD]),
  );
}

/**
 * These name things by words, which mean each company's own: test/templates.e2e-spec.ts, test/channels.e2e-spec.ts,
 * test/open-id.e2e-spec.ts, where the public ways to a provider and back are, too.
 */
const BY_NAME = [
  'deleteTemplate',
  'saveTemplate',
  'getChannel',
  'putChannel',
  'removeChannel',
  'testChannel',
  'getIdentityProvider',
  'putIdentityProvider',
  'removeIdentityProvider',
  'goOutside',
  'startOutside',
  'returnFromOutside',
];

/** Every route with an id in its path. */
function routesWithId() {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { operationId }]) => /\{\w+\}/.test(path) && !BY_NAME.includes(operationId))
      .map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path, operation })),
  );
}

const kindOf = (path: string): keyof Tenancy['ids'] =>
  /\/(users|sessions|factors|api-keys|verifications|messages|webhooks|identities|devices|invitations)\/\{/.exec(path)?.[1] as never;

/** What may be said of a person who is there, by the least role that may ask. */
const NEEDS: Record<string, Role> = {
  getUser: 'manager',
  updateUser: 'admin',
  deleteUser: 'admin',
  activateUser: 'admin',
  deactivateUser: 'admin',
  changeRole: 'admin',
  resetMfa: 'admin',
  exportUser: 'admin',
  eraseUser: 'admin',
  revokeSession: 'user',
  unlinkIdentity: 'user',
  forgetDevice: 'user',
  withdrawInvitation: 'admin',
  confirmFactor: 'user',
  removeFactor: 'user',
  revokeApiKey: 'admin',
  rotateApiKey: 'admin',
  getWebhook: 'admin',
  updateWebhook: 'admin',
  removeWebhook: 'admin',
  rotateWebhookSecret: 'admin',
  testWebhook: 'admin',
  getWebhookDeliveries: 'admin',
  replayWebhookDelivery: 'admin',
  getVerification: 'manager',
  getVerificationTimeline: 'manager',
  checkVerification: 'manager',
  resendVerification: 'manager',
  nextVerification: 'manager',
  cancelVerification: 'manager',
  getMessage: 'manager',
};

beforeAll(async () => {
  world = new World();
  const directory = mkdtempSync(join(tmpdir(), 'openapi-'));
  const out = join(directory, 'openapi.json');
  const { code, output } = await ran(ENTRY('cli'), {}, ['openapi', '--out', out]);
  if (code !== 0) throw new Error(output);
  document = JSON.parse(readFileSync(out, 'utf8'));
  rmSync(directory, { recursive: true });
  [acme, globex] = await Promise.all([tenancy('Acme'), tenancy('Globex')]);
});
afterAll(() => world.stop());

describe('Over HTTP, a company', () => {
  it("cannot name another company's anything on any route that takes an id, in either direction, in any role", async () => {
    const routes = routesWithId();
    expect(routes.map(({ operation }) => operation.operationId).toSorted()).toEqual(Object.keys(NEEDS).toSorted());
    const [beforeAcme, beforeGlobex] = [await snapshot(acme), await snapshot(globex)];
    const covered = new Set<string>();
    let requests = 0;
    for (const [from, to] of [
      [acme, globex],
      [globex, acme],
    ] as const)
      for (const { name, method, path, operation } of routes)
        for (const role of ROLES) {
          const allowed = ROLES.indexOf(role) <= ROLES.indexOf(NEEDS[operation.operationId]!);
          // Its own strange id, and all of the victim's: the answers must not differ.
          const ids = [uuidv7(), ...to.ids[kindOf(path)]];
          const bodies = new Set<string>();
          for (const [at, id] of ids.entries()) {
            const body = bodyFor(operation);
            const answer = await world.call(method, path.replace(/\{\w+\}/, id).replace('{delivery_id}', to.ids.events[0]!), {
              token: from.people[role].token,
              at,
              ...(body && { body }),
            });
            expect(`${name} as ${role}: ${answer.status}`).toBe(`${name} as ${role}: ${allowed ? 404 : 403}`);
            bodies.add(JSON.stringify({ ...answer.body, request_id: '', instance: '' }));
            requests++;
          }
          expect(bodies.size, `${name}: an id that is there is answered like one that is not`).toBe(1);
          covered.add(name);
        }
    expect(covered.size).toBe(routes.length);
    expect(routes.length).toBe(31);
    // 9 routes with 1 + 3 people, 1 with 1 + 4 or more sessions, 2 with 1 + 3 factors, 2 with 1 + 1 API keys, 6 with 1 + 1 verifications, 1 with
    // 1 + 2 messages, 7 with 1 + 1 webhooks, 1 each with 1 + 1 identities, devices and invitations; 3 roles; 2 directions.
    expect(requests).toBe(
      3 *
        [acme, globex].reduce(
          (sum, { ids }) =>
            sum +
            9 * (1 + ids.users.length) +
            (1 + ids.sessions.length) +
            2 * (1 + ids.factors.length) +
            2 * (1 + ids['api-keys'].length) +
            6 * (1 + ids.verifications.length) +
            (1 + ids.messages.length) +
            7 * (1 + ids.webhooks.length) +
            (1 + ids.identities.length) +
            (1 + ids.devices.length) +
            (1 + ids.invitations.length),
          0,
        ),
    );
    expect(requests).toBeGreaterThanOrEqual(300);
    expect(await snapshot(acme)).toEqual(beforeAcme);
    expect(await snapshot(globex)).toEqual(beforeGlobex);
  });

  const LISTS = [
    'listApiKeys',
    'listAuditEvents',
    'listAuditHeads',
    'listChannels',
    'listDevices',
    'listFactors',
    'listIdentities',
    'listIdentityProviders',
    'listInvitations',
    'listSessions',
    'listTemplates',
    'listUsers',
    'listWebhooks',
  ];

  it('sees none of another company in any list', async () => {
    const lists = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method, { operationId }]) => method === 'get' && operationId.startsWith('list'))
        .map(([, { operationId }]) => ({ path, operationId })),
    );
    expect(lists.map(({ operationId }) => operationId).toSorted()).toEqual(LISTS);
    for (const [mine, theirs] of [
      [acme, globex],
      [globex, acme],
    ] as const) {
      const foreign = [theirs.company.id, theirs.company.domain, ...Object.values(theirs.ids).flat()];
      for (const role of ROLES)
        for (const { path } of [
          ...lists,
          { path: '/api/audit/export' },
          { path: '/api/company' },
          { path: '/api/users/me' },
          { path: '/api/users/me/export' },
        ]) {
          const { status, body } = await mine.people[role].get(path);
          expect([200, 403], path).toContain(status);
          if (role === 'admin') expect(status, path).toBe(200);
          const text = JSON.stringify(body);
          expect(
            foreign.filter((value) => text.includes(value)),
            `${path} as ${role}`,
          ).toEqual([]);
        }
    }
    const { body } = await acme.people.admin.get('/api/users?limit=100');
    expect(body.data.map(({ id }: { id: string }) => id).toSorted()).toEqual([...acme.ids.users].toSorted());
  });

  it("takes no cursor of another company's, of another list, or of its own making", async () => {
    const [users, audit, foreign] = await Promise.all([
      acme.people.admin.get('/api/users?limit=1'),
      acme.people.admin.get('/api/audit?limit=1'),
      globex.people.admin.get('/api/users?limit=1'),
    ]);
    const cursors = [users, audit, foreign].map(({ body }) => body.next_cursor as string);
    expect(cursors.every(Boolean)).toBe(true);
    const ask = (path: string, cursor: string) => acme.people.admin.get(`${path}?limit=1&cursor=${encodeURIComponent(cursor)}`);
    expect((await ask('/api/users', cursors[0]!)).status).toBe(200);
    expect((await ask('/api/audit', cursors[1]!)).status).toBe(200);
    const flipped = cursors[0]!.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const refusals = [
      ['/api/users', cursors[2]!],
      ['/api/users', cursors[1]!],
      ['/api/audit', cursors[0]!],
      ['/api/audit', cursors[2]!],
      ['/api/users', flipped],
      ['/api/users', cursors[0]!.slice(0, -2)],
      ['/api/users', `${cursors[0]}=`],
      ['/api/users', globex.ids.users[0]!],
      ['/api/users', Buffer.from(`' or true --`).toString('base64url')],
      ['/api/users', ''],
    ] as const;
    for (const [path, cursor] of refusals) {
      const { status, body } = await ask(path, cursor);
      expect({ path, cursor, status, code: body.code }).toEqual({ path, cursor, status: 400, code: 'request.bad_cursor' });
    }
  });

  it('stays itself, whatever X-Tenant-ID and other headers say', async () => {
    for (const hint of [globex.company.id, globex.company.domain, world.signTenant(globex.company.id)])
      for (const header of ['x-tenant-id', 'x-company-id', 'x-forwarded-host', 'app.tenant']) {
        const { status, body } = await world.call('GET', '/api/company', { token: acme.people.admin.token, headers: { [header]: hint } });
        expect([status, body.id]).toEqual([200, acme.company.id]);
        const { body: people } = await world.call('GET', `/api/users?limit=100&company_id=${globex.company.id}`, {
          token: acme.people.admin.token,
          headers: { [header]: hint },
        });
        if (people.data) expect(people.data.every(({ company_id }: { company_id: string }) => company_id === acme.company.id)).toBe(true);
      }
  });

  it('may use an e-mail that another company has, and nobody learns of it', async () => {
    const { email } = acme.people.user;
    const id = uuidv7();
    await globex.company.sql(
      `insert into user_account (id, email, email_canonical, full_name, role, password_hash) select $1, $2, $2, 'Twin', 'user', password_hash from user_account where id = $3`,
      [id, email, globex.people.user.id],
    );
    try {
      const login = (hint?: string) =>
        world.call('POST', '/api/auth/login', { body: { email, password: PASSWORD, ...(hint && { company_domain: hint }) } });
      expect((await login()).body, 'who names none is whoever had the address first').toMatchObject({ mfa_required: true });
      expect((await login(acme.company.domain)).body).toMatchObject({ mfa_required: true });
      const twin = await login(globex.company.domain);
      expect((await world.call('GET', '/api/users/me', { token: twin.body.access_token })).body).toMatchObject({
        id,
        company_id: globex.company.id,
        full_name: 'Twin',
      });
    } finally {
      await globex.company.sql('delete from user_account where id = $1', [id]);
    }
  });

  it('is never answered with another: 2,000 requests at once from both, over both processes', async () => {
    const asked = [acme, globex];
    let crossings = 0;
    let answered = 0;
    const one = async (n: number) => {
      const { company, people, apiKey } = asked[n % 2]!;
      const path = ['/api/users/me', '/api/company', '/api/users?limit=5', '/api/audit?limit=3', '/api/api-key'][Math.floor(n / 4) % 5]!;
      const { status, body } = await world.call('GET', path, {
        token: path === '/api/api-key' ? apiKey : people.admin.token,
        at: Math.floor(n / 2),
      });
      expect(status, path).toBe(200);
      answered++;
      const companies =
        path === '/api/company'
          ? [body.id]
          : body.data
            ? body.data.map((row: { company_id: string }) => row.company_id)
            : [body.company_id];
      expect(companies).not.toHaveLength(0);
      crossings += companies.filter((id: string) => id !== company.id).length;
    };
    let next = 0;
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        while (next < 2_000) await one(next++);
      }),
    );
    expect({ answered, crossings }).toEqual({ answered: 2_000, crossings: 0 });
  }, 60_000);
});

describe('In the database, the role of the apps', () => {
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
  /** How many rows of each table are seen. */
  const seen = async () => {
    const counts: Record<string, number> = {};
    for (const table of TABLES) counts[table] = Number((await app.query(`select count(*) as n from ${table}`)).rows[0].n);
    return counts;
  };
  const NOTHING = Object.fromEntries(TABLES.map((table) => [table, 0]));

  it('names every table that holds rows of companies', async () => {
    const { rows } = await world.superuser.query(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname <> 'migration' order by 1`,
    );
    expect(rows.map(({ relname }) => relname)).toEqual([...TABLES, ...UNREAD].toSorted());
  });

  it.each<[string, (id: string) => string | undefined]>([
    ['no setting', () => undefined],
    ['an empty one', () => ''],
    ['an unsigned id', (id) => id],
    ['an id and a dot', (id) => `${id}.`],
    ['a forged signature', (id) => `${id}.${'0'.repeat(64)}`],
    ["another company's signature", (id) => `${id}.${world.signTenant(mine).slice(37)}`],
    ['a signature under another key', (id) => `${id}.${createHmac('sha256', randomBytes(32)).update(id).digest('hex')}`],
    [
      'the signature of a lookup',
      (id) => `${id}.${createHmac('sha256', Buffer.from(world.stack.env.TENANT_KEY!, 'base64')).update(`lookup:${id}`).digest('hex')}`,
    ],
    ['a right one that is cut', (id) => world.signTenant(id).slice(0, -1)],
    ['a right one with more behind', (id) => `${world.signTenant(id)}0`],
    ['a right one in capitals', (id) => world.signTenant(id).toUpperCase()],
    ['a right one after a blank', (id) => ` ${world.signTenant(id)}`],
  ])('sees no row with %s', async (_, setting) => {
    await app.query('begin');
    const text = setting(theirs);
    if (text !== undefined) await bind(text);
    expect(await seen()).toEqual(NOTHING);
    await refused(`insert into audit_event (tenant_id, action, outcome) values ('${theirs}', 'x', 'success')`);
  });

  it('sees its own rows with the right one, until the transaction ends and no longer', async () => {
    for (const end of ['commit', 'rollback']) {
      await asAcme();
      const rows = await seen();
      expect(Object.values(rows).every((count) => count > 0)).toBe(true);
      expect(rows).toMatchObject({ tenant: 1, user_account: 3 });
      await app.query(end);
      expect(await seen()).toEqual(NOTHING);
    }
    await app.query(`set local app.tenant = '${world.signTenant(theirs)}'`);
    expect(await seen()).toEqual(NOTHING);
  });

  // security.md §0.1: a statement of ours with somebody's text in it, in Acme's request. None may bring a row of Globex.
  const INJECTIONS: Record<string, () => string> = {
    'a CTE that sets the bare id': () =>
      `with s as materialized (select set_config('app.tenant', '${theirs}', true) as v) select u.* from s, lateral (select * from user_account where s.v is not null) u`,
    "a CTE that sets the id under the company's own signature": () =>
      `with s as materialized (select set_config('app.tenant', '${theirs}' || right(current_setting('app.tenant'), 65), true) as v) select u.* from s, lateral (select * from user_account where s.v is not null) u`,
    'a nested select': () =>
      `select * from user_account where id in (select user_id from session where tenant_id = '${theirs}') or tenant_id = (select id from tenant where id = '${theirs}')`,
    'a union': () =>
      `select id::text from user_account where false union all select id::text from user_account where tenant_id = '${theirs}' union all select id::text from tenant where id = '${theirs}'`,
    'or true': () => `select * from user_account where email = '' or true`,
    'a join on everything': () => `select s.* from session s cross join tenant t where t.id = '${theirs}' or s.tenant_id <> '${mine}'`,
    'app.tenant_of in the select list': () => `select app.tenant_of('${theirs}.' || repeat('0', 64)), u.* from user_account u`,
    'app.session_check under a forged name': () =>
      `select * from app.session_check('${theirs}.' || repeat('0', 64), '${globex.ids.sessions[0]}', '${globex.ids.users[0]}')`,
    'a lookup of another address without its proof': () =>
      `select * from app.sign_in_begin('${globex.people.user.email}', null, right(current_setting('app.tenant'), 64))`,
    'the planner statistics': () =>
      `select * from pg_stats where schemaname = 'public' and tablename in ('user_account', 'session', 'tenant', 'mfa_factor')`,
    'the catalogue of prepared statements and cursors': () =>
      `select statement from pg_prepared_statements where statement like '%${theirs}%' union all select statement from pg_cursors where statement like '%${theirs}%'`,
    'a function that reads by text': () =>
      `select query_to_xml('select * from user_account where tenant_id = ''${theirs}''', true, false, '')::text where query_to_xml('select * from user_account where tenant_id = ''${theirs}''', false, false, '')::text like '%${theirs}%'`,
    'a table that is dumped as a whole': () =>
      `select table_to_xml('user_account', true, false, '')::text as x where table_to_xml('user_account', true, false, '')::text like '%${theirs}%'`,
    'deleting and returning': () => `with gone as (delete from session where tenant_id <> '${mine}' returning *) select * from gone`,
    'updating and returning': () =>
      `with changed as (update user_account set role = 'admin' where tenant_id = '${theirs}' returning *) select * from changed`,
    'the directory': () => `select * from directory.person`,
    'the key': () => `select * from private.tenant_key`,
    'the name that functions of the owner go by': () =>
      `with s as materialized (select set_config('app.bound', '${theirs}', true) as v) select u.* from s, lateral (select * from user_account where s.v is not null) u`,
    'a page of the trail under a forged name': () =>
      `select * from app.audit_page('${theirs}.' || repeat('0', 64), 100, null, null, null, null, null)`,
    'the queue of all companies': () => `select * from app.audit_claim(right(current_setting('app.tenant'), 64), 1000)`,
    binding: () => `select private.bind('${theirs}.' || repeat('0', 64))`,
  };
  it.each(Object.entries(INJECTIONS))('is given nothing of another company by %s', async (_, payload) => {
    await asAcme();
    const outcome = await app.query(payload()).then(
      ({ rows }) => JSON.stringify(rows),
      ({ code }) => `refused: ${code}`,
    );
    const foreign = [
      theirs,
      globex.company.domain,
      ...globex.ids.users,
      ...globex.ids.sessions,
      ...globex.ids.factors,
      globex.people.admin.email,
    ];
    expect(foreign.filter((value) => outcome.includes(value))).toEqual([]);
    if (outcome.startsWith('refused')) expect(outcome).toBe('refused: 42501');
  });

  it('cannot become anybody else', async () => {
    await app.query('begin');
    for (const text of [
      'set role watchword_owner',
      'set role postgres',
      'set session authorization postgres',
      'set local role pg_read_all_data',
    ]) {
      await app.query('savepoint s');
      await refused(text);
      await app.query('rollback to s');
    }
    await app.query('reset role');
    await app.query('reset session authorization');
    expect((await app.query('select current_user as who')).rows).toEqual([{ who: 'watchword_app' }]);
    expect(await seen()).toEqual(NOTHING);
  });

  it('cannot switch row level security off, neither for itself nor for a table', async () => {
    await asAcme();
    await app.query('savepoint s');
    await app.query('set local row_security = off');
    await refused('select * from user_account');
    await app.query('rollback to s');
    for (const text of [
      'alter table user_account disable row level security',
      'drop policy tenant on user_account',
      'create policy mine on user_account using (true)',
      'alter policy tenant on user_account using (true)',
      'alter role watchword_app bypassrls',
      'grant watchword_owner to watchword_app',
      'create function app.current_tenant() returns uuid language sql as $$ select null::uuid $$',
      'truncate session',
      'create table public.loot (x text)',
      'create schema loot',
      'create trigger spy after insert on user_account execute function app.mfa_enabled_kept()',
    ]) {
      await app.query('savepoint t');
      await expect(app.query(text), text).rejects.toThrow(
        /permission denied|must be owner|must be superuser|must have admin|Only roles|already exists/i,
      );
      await app.query('rollback to t');
    }
  });

  it('makes no temporary object: one shadows a table for the next who borrows the connection, or runs as the owner', async () => {
    for (const text of [
      'create temporary table user_account (id uuid)',
      'select 1 as id into temporary loot',
      `create domain pg_temp.text as pg_catalog.text`,
      `create function pg_temp.evil() returns int language sql as 'select 1'`,
    ])
      await refused(text);
  });

  it('could not run its own code as the owner even if it made temporary objects', async () => {
    const grant = (what: string) => world.owner.query(`do $$ begin execute format('${what}', current_database()); end $$`);
    await grant('grant temporary on database %I to watchword_app');
    const mallory = new pg.Client(world.stack.env.DATABASE_URL);
    await mallory.connect();
    try {
      await mallory.query(`create table pg_temp.loot (who text)`);
      await mallory.query(
        `create function pg_temp.spy(v pg_catalog.text) returns boolean language plpgsql as $$ begin insert into pg_temp.loot values (current_user); return true; end $$`,
      );
      await mallory.query('grant all on pg_temp.loot to public');
      for (const type of ['text', 'uuid', 'bytea', 'timestamptz', 'jsonb'])
        await mallory.query(`create domain pg_temp.${type} as pg_catalog.${type} check (pg_temp.spy('${type}'))`);
      await mallory.query('begin');
      await mallory.query(`select set_config('app.tenant', $1, true)`, [world.signTenant(mine)]);
      await mallory.query(
        `select app.current_tenant(), app.attempt_take('password', 'nobody@nowhere.test'), app.attempt_clear('password', 'nobody@nowhere.test')`,
      );
      await mallory.query(`select * from app.sign_in_begin('nobody@nowhere.test', null, $1)`, [
        createHmac('sha256', Buffer.from(world.stack.env.TENANT_KEY!, 'base64')).update('lookup:nobody@nowhere.test').digest('hex'),
      ]);
      await mallory.query(`insert into public.audit_event (action, outcome) values ('x', 'success')`);
      expect((await mallory.query(`select who from pg_temp.loot where who <> 'watchword_app'`)).rows).toEqual([]);
    } finally {
      await mallory.end();
      await grant('revoke temporary on database %I from watchword_app');
    }
  });

  it('writes no row into another company, and moves none there', async () => {
    await asAcme();
    const tries = [
      `insert into user_account (id, tenant_id, email, email_canonical, full_name, role) values ('${uuidv7()}', '${theirs}', 'x@x.test', 'x@x.test', 'X', 'admin')`,
      `insert into tenant (id, name, domain) values ('${uuidv7()}', 'X', 'x.test')`,
      `insert into audit_event (tenant_id, action, outcome) values ('${theirs}', 'x', 'success')`,
      `insert into audit_head (tenant_id, seq, hash, signed_at, kid, signature) values ('${theirs}', 999, '', '', '', '')`,
      `update user_account set tenant_id = '${theirs}' where id = '${acme.people.user.id}'`,
      `update tenant set id = '${theirs}'`,
      `update mfa_factor set tenant_id = '${theirs}'`,
      `update api_key set tenant_id = '${theirs}'`,
      `insert into api_key (id, tenant_id, name, scopes, secret_hash, hint) values ('${uuidv7()}', '${theirs}', 'X', '{}', sha256(''), '')`,
    ];
    for (const text of tries) {
      await app.query('savepoint s');
      await refused(text);
      await app.query('rollback to s');
    }
    for (const table of TABLES.filter((name) => !['audit_event', 'audit_chain', 'audit_head', ...BY_FUNCTIONS].includes(name))) {
      const key = table === 'tenant' ? 'id' : 'tenant_id';
      expect((await app.query(`update ${table} set ${key} = ${key} where ${key} = '${theirs}'`)).rowCount).toBe(0);
      if (!KEPT.includes(table)) expect((await app.query(`delete from ${table} where tenant_id = '${theirs}'`)).rowCount).toBe(0);
    }
    for (const text of [
      'update audit_event set action = action',
      'delete from audit_event',
      'update audit_chain set hash = hash',
      'delete from audit_head',
      ...KEPT.map((table) => `delete from ${table}`),
      'select from idempotency',
      ...BY_FUNCTIONS.flatMap((table) => [`update ${table} set tenant_id = tenant_id`, `delete from ${table}`]),
    ]) {
      await app.query('savepoint s');
      await refused(text);
      await app.query('rollback to s');
    }
  });

  it("forges no link or head of its own chain: the sealer would stumble over it, and with it every company's events", async () => {
    await asAcme();
    const { rows } = await app.query(`insert into audit_event (action, outcome) values ('probe.forged', 'success') returning id`);
    for (const text of [
      `insert into audit_chain (seq, event_id, prev_hash, hash) values (1000000, '${rows[0].id}', '', '')`,
      `insert into audit_head (seq, hash, signed_at, kid, signature) values (1000000, '', '', '', '')`,
    ]) {
      await app.query('savepoint s');
      await refused(text);
      await app.query('rollback to s');
    }
  });

  it("cannot point a row at another company's person, nor learn from the refusal whether there is one", async () => {
    const texts = (user: string) => [
      `insert into session (id, user_id, token_hash, amr, acr, expires_at) values ('${uuidv7()}', '${user}', '', '{}', '', now())`,
      `insert into mfa_factor (id, user_id, type, state) values ('${uuidv7()}', '${user}', 'totp', '')`,
      `insert into sign_in (id, user_id, expires_at) values ('${uuidv7()}', '${user}', now())`,
      `insert into api_key (id, name, scopes, secret_hash, hint, created_by) values ('${uuidv7()}', 'X', '{}', sha256(''), '', '${user}')`,
    ];
    const answers = [];
    for (const user of [globex.people.user.id, uuidv7()])
      for (const text of texts(user)) {
        await asAcme();
        const error = await app.query(text).then(
          () => undefined,
          ({ code, message, detail }) => ({ code, said: `${message} ${detail}`.replaceAll(user, '…') }),
        );
        expect(error).toMatchObject({ code: '23503' });
        answers.push(error!.said);
        await app.query('rollback');
      }
    expect(answers.slice(0, 4)).toEqual(answers.slice(4));
  });

  it('learns nothing of e-mails in other companies from conflicts', async () => {
    await asAcme();
    const add = (email: string, tail = '') =>
      app.query(`insert into user_account (id, email, email_canonical, full_name, role) values ($1, $2, $2, 'X', 'user') ${tail}`, [
        uuidv7(),
        email,
      ]);
    expect((await add(globex.people.user.email)).rowCount).toBe(1);
    expect((await add(globex.people.manager.email, 'on conflict do nothing')).rowCount).toBe(1);
    expect(
      (await add(globex.people.admin.email, `on conflict (tenant_id, email_canonical) do update set full_name = 'Stolen'`)).rowCount,
    ).toBe(1);
    await expect(add(acme.people.user.email)).rejects.toMatchObject({ code: '23505' });
  });

  it('meets the same id in another company as a conflict that shows nothing of it', async () => {
    for (const tail of ['on conflict do nothing', `on conflict (id) do update set full_name = 'Stolen'`]) {
      await asAcme();
      const { rowCount, code } = await app
        .query(
          `insert into user_account (id, email, email_canonical, full_name, role) values ($1, 'n@n.test', 'n@n.test', 'X', 'user') ${tail}`,
          [globex.people.user.id],
        )
        .then(
          ({ rowCount }) => ({ rowCount, code: '' }),
          ({ code }) => ({ rowCount: 0, code }),
        );
      expect([rowCount, code]).toEqual(tail.includes('nothing') ? [0, ''] : [0, '42501']);
      await app.query('rollback');
    }
    expect(await globex.company.sql('select full_name from user_account where id = $1', [globex.people.user.id])).toEqual([
      { full_name: 'A Person' },
    ]);
  });

  it('copies nothing of another company out, and nothing in', async () => {
    await asAcme();
    await app.query('savepoint s');
    await expect(app.query(`copy user_account from program 'echo'`)).rejects.toMatchObject({ code: '42501' });
    await app.query('rollback to s');
    await expect(app.query('copy user_account from stdin')).rejects.toMatchObject({ code: '0A000' });
    await app.query('rollback');
    await asAcme();
    let out = '';
    const connection = (app as unknown as { connection: { on(event: string, fn: (message: { chunk: Buffer }) => void): void } }).connection;
    connection.on('copyData', ({ chunk }) => (out += chunk));
    await app.query('copy user_account to stdout');
    expect(out).toContain(mine);
    expect(out).not.toContain(theirs);
  });

  it('may ask a predicate of its own only about its own rows', async () => {
    await asAcme();
    const { rows } = await app.query(
      `select count(*)::int as n from user_account where 1 / (case when tenant_id = '${theirs}' then 0 else 1 end) = 1`,
    );
    expect(rows).toEqual([{ n: 3 }]);
  });

  /** Bound by a signed company, by the proof of the app, or to what the setting app.tenant names; and the clean-up, which takes nothing. */
  const RUN_AS_OWNER = [
    'account_mail',
    'api_key_check',
    'attempt_clear',
    'attempt_take',
    'audit_append',
    'audit_claim',
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
    'factor_settle',
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
    expect(refusals).toBe(44 * 8 + 15 * 6);
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
          ...(callable.name === 'audit_page' && { p_actor: null }),
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
    expect(calls).toBe(88);
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

  it("reads no value in the statements of the apps' other connections", async () => {
    let [done, polls] = [false, 0];
    const read = new Set<string>();
    const others = `select query from pg_stat_activity where pid <> pg_backend_pid() and usename = current_user and query ~ $1`;
    const reading = (async () => {
      for (; !done; polls++) for (const { query } of (await app.query(others, [`[0-9a-f]{64}|Canary|${theirs}`])).rows) read.add(query);
    })();
    for (let round = 0; round < 15; round++)
      await Promise.all(
        Array.from({ length: 12 }, (_, at) => globex.people.admin.put('/api/users/me', { full_name: `Canary ${round}` }, at)),
      );
    done = true;
    await reading;
    expect([...read]).toEqual([]);
    expect(polls).toBeGreaterThan(50);
  });

  it('deletes for others only what has long been over', async () => {
    const before = [await snapshot(acme), await snapshot(globex)];
    await app.query('select * from app.purge_expired(), app.purge_webhooks(), app.audit_thin()');
    expect([await snapshot(acme), await snapshot(globex)]).toEqual(before);
  });

  it('gives no foreign row to a connection that was left with a company on it', async () => {
    await app.query(`select set_config('app.tenant', $1, false)`, [world.signTenant(mine)]);
    try {
      await app.query('begin');
      await bind(world.signTenant(theirs));
      expect((await app.query('select distinct tenant_id from user_account')).rows).toEqual([{ tenant_id: theirs }]);
      await app.query('commit');
      await app.query(`select app.audit_record($1, 'probe.left_over', 'success', 'system', null, null, null, null, null)`, [
        world.signTenant(theirs),
      ]);
      expect((await app.query(`select count(*)::int as n from audit_event where action = 'probe.left_over'`)).rows).toEqual([{ n: 0 }]);
    } finally {
      await app.query('reset app.tenant');
    }
  });
});
