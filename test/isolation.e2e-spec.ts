import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { ENTRY } from './support/stack.js';
import { PASSWORD, ran, type Role, World } from './support/world.js';
import { ROLES, snapshot, type Tenancy, tenancy } from './support/two-companies.js';

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
  renameFactor: 'user',
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
  [acme, globex] = await Promise.all([tenancy(world, 'Acme'), tenancy(world, 'Globex')]);
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
    expect(routes.length).toBe(32);
    // 9 routes with 1 + 3 people, 1 with 1 + 4 or more sessions, 3 with 1 + 3 factors, 2 with 1 + 1 API keys, 6 with 1 + 1 verifications, 1 with
    // 1 + 2 messages, 7 with 1 + 1 webhooks, 1 each with 1 + 1 identities, devices and invitations; 3 roles; 2 directions.
    expect(requests).toBe(
      3 *
        [acme, globex].reduce(
          (sum, { ids }) =>
            sum +
            9 * (1 + ids.users.length) +
            (1 + ids.sessions.length) +
            3 * (1 + ids.factors.length) +
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
    'listMessages',
    'listSessions',
    'listTemplates',
    'listUsers',
    'listVerifications',
    'listWebhooks',
  ];

  it('sees none of another company in any list', async () => {
    const lists = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        // The inbox of the sandbox is no company's, and another process's.
        .filter(([method, { operationId }]) => method === 'get' && operationId.startsWith('list') && path.startsWith('/api/'))
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
          { path: '/api/company/statistics' },
          { path: '/api/company/isolation' },
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
