import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownApi, type OwnProcess } from './support/own-process.js';
import { type Company, type Person, type Role, World } from './support/world.js';

/** What must hold of every route there is, by a table: a new route that is not in it fails here. docs/security.md says which test holds what else. */
const document = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'openapi.json'), 'utf8'));
const resolved = (schema: any) => (schema?.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema);
const operations = Object.entries<Record<string, any>>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    id: operation.operationId as string,
    method: method.toUpperCase(),
    path,
    where: path.replaceAll(/\{\w+\}/g, '01900000-0000-7000-8000-000000000001'),
    isClosed: Boolean(operation.security),
    isForKeys: 'x-scopes' in operation,
    isCompatible: operation.tags[0] === 'Compatible APIs',
    fields: Object.keys(resolved(operation.requestBody?.content?.['application/json']?.schema)?.properties ?? {}),
  })),
);
type Operation = (typeof operations)[number];

const words = (text: string) => text.trim().split(/\s+/);

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

describe('Every closed route', () => {
  const ROLES: Role[] = ['user', 'manager', 'admin'];
  /** The least role that may ask; what is an application's or half a sign-in's is nobody's. */
  const LEAST: Record<Role | 'nobody', string[]> = {
    user: words(`
      stepUp logout logoutAll changePassword listSessions revokeSession listDevices forgetDevice disableMfa changeMyEmail
      exportMe getMe updateMe listIdentities linkIdentity startLink unlinkIdentity listFactors startFactor challengeFactor
      confirmFactor renameFactor removeFactor setupTotp enableTotp activateTotp renewBackupCodes countBackupCodes setupSmsMfa
      sendSmsMfaCode verifySmsMfa disableSmsMfa
    `),
    manager: words(`
      listUsers getUser getStatistics sendMessage getMessage listMessages listVerifications createVerification checkVerification resendVerification nextVerification
      cancelVerification getVerification getVerificationTimeline sendTextCode sendVoiceCode sendPhoneHookMessage requestOtp
      verifyOtp initTwoFactor verifyTwoFactor
    `),
    admin: words(`
      listInvitations inviteUser withdrawInvitation exportUser eraseUser updateUser deleteUser activateUser deactivateUser
      changeRole resetMfa listIdentityProviders getIdentityProvider putIdentityProvider removeIdentityProvider getCognito putCognito removeCognito getCompany
      updateCompany listApiKeys createApiKey rotateApiKey revokeApiKey listTemplates saveTemplate deleteTemplate
      listChannels getChannel putChannel removeChannel testChannel listWebhooks createWebhook getWebhook updateWebhook
      removeWebhook rotateWebhookSecret testWebhook getWebhookDeliveries replayWebhookDelivery listAuditEvents exportAudit
      listAuditHeads getIsolation sendNotification
    `),
    nobody: ['verifyMfa', 'getOwnApiKey'],
  };

  it('has its line in the table of roles', () => {
    const known = Object.values(LEAST).flat();
    expect(new Set(known).size).toBe(known.length);
    expect(
      operations
        .filter(({ isClosed }) => isClosed)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(known.toSorted());
  });

  it('is closed to strangers and to each role below its own, and open from there on', { timeout: 120_000 }, async () => {
    const company = await world.company();
    const people: Record<Role, Person> = {
      admin: company.admin,
      manager: await company.person('manager'),
      user: await company.person('user'),
    };
    let asked = 0;
    for (const [least, ids] of Object.entries(LEAST) as [Role | 'nobody', string[]][])
      for (const id of ids) {
        const { method, where, fields, isCompatible } = operations.find((each) => each.id === id)!;
        const ask = (token?: string) => world.call(method, where, { token, ...(fields.length > 0 && { body: {} }) });
        expect([id, (await ask()).status]).toEqual([id, 401]);
        for (const role of ROLES) {
          const { status, body } = await ask(people[role].token);
          asked++;
          if (least === 'nobody') {
            expect([id, role, [401, 403].includes(status)]).toEqual([id, role, true]);
            continue;
          }
          const mayAsk = ROLES.indexOf(role) >= ROLES.indexOf(least);
          const refusal = [403, isCompatible ? undefined : 'auth.forbidden'];
          expect([id, role, mayAsk ? [401, 403].includes(status) : [status, body.code]]).toEqual([id, role, mayAsk ? false : refusal]);
          if (id.startsWith('logout')) await people[role].signsIn();
        }
      }
    expect(asked).toBe(3 * operations.filter(({ isClosed }) => isClosed).length);
  });

  /** What an administrator's session may do that was left open: take away, and try out. */
  const WITHOUT_PROOF = words(`
    withdrawInvitation updateUser deactivateUser removeIdentityProvider removeCognito revokeApiKey deleteTemplate
    removeChannel testChannel removeWebhook testWebhook replayWebhookDelivery sendNotification
  `);
  /** One's own account. */
  const OWN = words(`
    changeMyEmail linkIdentity startLink unlinkIdentity startFactor confirmFactor setupTotp enableTotp activateTotp setupSmsMfa verifySmsMfa
  `);

  it('that hands out power, or says which way codes and people go, wants a proof of the last minutes', async () => {
    const company = await world.company();
    const { admin } = company;
    await company.sql(`update session set auth_time = now() - interval '16 minutes' where user_id = $1`, [admin.id]);
    const wanting: string[] = [];
    for (const { id, method, where, fields } of operations.filter(({ isClosed, id }) => isClosed && !id.startsWith('logout'))) {
      const { body } = await world.call(method, where, { token: admin.token, ...(fields.length > 0 && { body: {} }) });
      if (body?.code === 'mfa.fresh_sign_in_required') wanting.push(id);
    }
    const writes = operations.filter(({ id, method }) => LEAST.admin.includes(id) && method !== 'GET').map(({ id }) => id);
    const handing = writes.filter((id) => !WITHOUT_PROOF.includes(id));
    expect(wanting.toSorted()).toEqual([...handing, ...OWN, 'exportUser'].toSorted());
    expect(writes).toEqual(expect.arrayContaining(WITHOUT_PROOF));
  });
});

describe('Every route', () => {
  const [SIGN_IN, IP, APPLICATION] = [2, 3, 4];
  /** Where passwords, codes and links are tried. */
  const SIGN_IN_ROUTES = words(`
    register login getSignInOptions startPasskeySignIn signInWithPasskey verifyMfa stepUp changePassword disableMfa verifyEmail resendEmailVerification forgotPassword
    resetPassword lookAtInvitation acceptInvitation changeMyEmail goOutside startOutside returnFromOutside exchangeOutside challengeFactor
    confirmFactor removeFactor enableTotp activateTotp renewBackupCodes sendSmsMfaCode verifySmsMfa disableSmsMfa
  `);
  /** Probes and public keys, which machines fetch all the time. */
  const EXEMPT = ['live', 'ready', 'jwks', ...words('listInbox watchInbox emptyInbox')];
  /** In no document: for machines, and each proven by something that stands in the address or the header. */
  const EXEMPT_ADDRESSES = ['GET /metrics', 'POST /events', 'POST /api/callbacks/vonage-sms/token'];

  let api: OwnProcess;
  let company: Company;
  beforeAll(async () => {
    company = await world.company();
    api = await ownApi({
      TRUSTED_PROXIES: '127.0.0.1',
      RATE_LIMIT_SCALE: '1',
      RATE_LIMIT_IP: String(IP),
      RATE_LIMIT_SIGN_IN: String(SIGN_IN),
      RATE_LIMIT_APPLICATION: String(APPLICATION),
      RATE_LIMIT_ACCOUNT: '1',
    });
  });
  afterAll(() => api.stop());

  let clients = 0;
  /** The answers that somebody gets who asks seven times in a row, from an address nobody has asked from. */
  const sevenTimes = async (
    { method, where, fields }: Pick<Operation, 'method' | 'where' | 'fields'>,
    headers: Record<string, string> = {},
  ) => {
    const from = `10.${++clients >> 8}.${clients & 255}.1`;
    const answers: { status: number; retryAfter: string | null; type: string; body: string }[] = [];
    for (let time = 0; time < 7; time++) {
      const response = await fetch(`${api.url}${where}`, {
        method,
        redirect: 'manual',
        headers: { 'x-forwarded-for': from, ...(fields.length > 0 && { 'content-type': 'application/json' }), ...headers },
        ...(fields.length > 0 && { body: '{}' }),
      });
      answers.push({
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        type: response.headers.get('content-type') ?? '',
        body: await response.text(),
      });
    }
    return answers;
  };
  const served = (answers: { status: number }[]) => {
    const first = answers.findIndex(({ status }) => status === 429);
    return first === -1 ? 'all' : answers.slice(first).every(({ status }) => status === 429) ? first : 'now and then';
  };

  it('of people that takes a password, a code or a link has the tighter limit', () => {
    const TRIED = ['code', 'totp_code', 'mfa_code', 'password', 'current_password', 'new_password', 'token', 'credential'];
    const takes = operations.filter(({ path, fields }) => path.startsWith('/api/') && TRIED.some((field) => fields.includes(field)));
    // Codes of 256 bits; and codes that applications check, each counted where it is made, with limits of the application's own.
    const others = ['linkIdentity', 'createVerification', 'checkVerification'];
    expect(takes.filter(({ id }) => !SIGN_IN_ROUTES.includes(id) && !others.includes(id)).map(({ id }) => id)).toEqual([]);
  });

  it('answers 429 after its limit to one address, and says when to come back: all but a list', { timeout: 60_000 }, async () => {
    for (const operation of operations) {
      const answers = await sevenTimes(operation);
      const limit = EXEMPT.includes(operation.id) ? 'all' : SIGN_IN_ROUTES.includes(operation.id) ? SIGN_IN : IP;
      expect([operation.id, served(answers)]).toEqual([operation.id, limit]);
      if (limit === 'all') continue;
      const { retryAfter, type, body } = answers.at(-1)!;
      expect([operation.id, Number(retryAfter) > 0 && Number(retryAfter) <= 60]).toEqual([operation.id, true]);
      if (operation.isCompatible) expect(Object.keys(JSON.parse(body)).join()).toMatch(/^(detail|error)$/);
      else {
        expect(type).toMatch(/^application\/problem\+json/);
        expect(JSON.parse(body)).toMatchObject({ status: 429, code: 'request.rate_limited' });
      }
    }
    expect(operations.length).toBeGreaterThan(100);
    for (const address of EXEMPT_ADDRESSES) {
      const [method, where] = address.split(' ') as [string, string];
      expect([address, served(await sevenTimes({ method, where, fields: [] }))]).toEqual([address, 'all']);
    }
  });

  it('has the limit of applications where a key is shown and keys belong, and else none but its own', { timeout: 60_000 }, async () => {
    const { key } = await company.apiKey();
    for (const operation of operations.filter(({ id }) => !EXEMPT.includes(id))) {
      const forged = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;
      const answers = await sevenTimes(operation, { 'x-api-key': forged });
      const limit = SIGN_IN_ROUTES.includes(operation.id)
        ? SIGN_IN
        : operation.isForKeys || operation.id === 'healthcheck'
          ? APPLICATION
          : IP;
      expect([operation.id, served(answers)]).toEqual([operation.id, limit]);
    }
  });

  it('counts for the person, too, wherever they ask from and whatever they ask', async () => {
    const person = await company.person('admin');
    const readers = operations.filter(
      ({ method, where, id }) => method === 'GET' && where.startsWith('/api/') && !/Outside|OwnApiKey|SignInOptions/.test(id),
    );
    expect(readers.length).toBeGreaterThan(20);
    const statuses: number[] = [];
    for (let at = 0; at < 35; at++) {
      const { where } = readers[at % readers.length]!;
      const headers = { 'x-forwarded-for': `10.200.${at}.1`, authorization: `Bearer ${person.token}` };
      const response = await fetch(`${api.url}${where}`, { headers });
      await response.arrayBuffer();
      statuses.push(response.status);
    }
    expect(statuses.slice(0, 30)).not.toContain(429);
    expect(statuses.slice(30)).toEqual(Array(5).fill(429));
  });
});
