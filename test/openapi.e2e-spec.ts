import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSync } from 'otplib';
import { ownApi } from './support/own-process.js';
import { ENTRY } from './support/stack.js';
import { ran, World } from './support/world.js';

const committed = readFileSync(join(import.meta.dirname, '..', 'openapi.json'), 'utf8');
const document = JSON.parse(committed);
const operations: { method: string; path: string; operation: any }[] = Object.entries<Record<string, any>>(document.paths).flatMap(
  ([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);
const resolved = (schema: any) => (schema?.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema);
/** What says how an operation fails: with a problem, or in the shape of the system it stands in for. */
const failsAs = ({ tags, responses }: any) => {
  const { [tags[0] === 'Compatible APIs' ? 'application/json' : 'application/problem+json']: content } = responses.default?.content ?? {};
  return tags[0] === 'Compatible APIs' ? content?.schema : content?.schema?.$ref === '#/components/schemas/Problem';
};
const bodyOf = (operation: any) => resolved(operation.requestBody?.content?.['application/json']?.schema);

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.stop());

describe('openapi.json', () => {
  it('is what the code says, on any machine', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'watchword-openapi-'));
    const generate = async (name: string, env: Record<string, string>) => {
      const file = join(folder, name);
      const { code, output } = await ran(ENTRY('cli'), env, ['openapi', '--out', file]);
      expect([code, output]).toEqual([0, `Wrote ${file}.\n`]);
      return readFileSync(file, 'utf8');
    };
    try {
      const [here, elsewhere] = await Promise.all([
        generate('here.json', {}),
        generate('elsewhere.json', {
          PUBLIC_URL: 'https://canary.internal',
          HOST: '10.1.2.3',
          PORT: '9999',
          CORS_ORIGINS: 'https://canary.test',
          TRUSTED_PROXIES: '10.0.0.0/8',
          SWAGGER: 'false',
          TZ: 'Asia/Tokyo',
          LANG: 'de_DE',
        }),
      ]);
      expect(elsewhere).toBe(here);
      expect(here === committed, 'openapi.json is old: npm run api:spec').toBe(true);
      expect(committed).not.toMatch(/canary|127\.0\.0\.1|localhost|\/tmp\/|10\.1\.2\.3/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is what the process serves', async () => {
    expect((await world.call('GET', '/openapi.json')).body).toEqual(document);
  });

  it('names, sums up, files, guards and answers every operation', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(operations.length).toBeGreaterThanOrEqual(40);
    const flaws = operations.flatMap(({ method, path, operation }) => {
      const success = Object.entries<any>(operation.responses).filter(([status]) => status.startsWith('2'));
      return [
        !/^[a-z][A-Za-z]+$/.test(operation.operationId ?? '') && 'no operationId',
        !/^[A-Z]./.test(operation.summary ?? '') && 'no summary',
        operation.tags?.length !== 1 && `tags: ${operation.tags}`,
        success.length !== 1 && 'not one success',
        success.some(
          ([status, { content }]) =>
            status !== '204' && !Object.values<any>(content ?? {}).every(({ schema }) => Object.keys(schema).length > 0),
        ) && 'no response schema',
        success.some(([status, { content }]) => status !== '204' && !content) && 'no response content',
        !failsAs(operation) && 'no problem',
        ['PUT', 'PATCH'].includes(method) && !bodyOf(operation) && 'no request schema',
      ]
        .filter(Boolean)
        .map((flaw) => `${method} ${path}: ${flaw}`);
    });
    expect(flaws).toEqual([]);
  });

  it('says which operations need a token, and the product agrees', async () => {
    for (const { method, path, operation } of operations) {
      const where = path.replaceAll(/\{\w+\}/g, '01900000-0000-7000-8000-000000000001');
      const { status } = await world.call(method, where, bodyOf(operation) ? { body: {} } : {});
      expect([method, path, operation.security ? 'needs a token' : 'public', status === 401 ? 'needs a token' : 'public']).toEqual([
        method,
        path,
        ...Array<string>(2).fill(operation.security ? 'needs a token' : 'public'),
      ]);
    }
  });

  it('asks for no header that a person at Swagger UI could not leave out', () => {
    const required = operations.flatMap(({ path, operation }) =>
      (operation.parameters ?? []).filter((each: any) => each.in === 'header' && each.required).map((each: any) => `${path} ${each.name}`),
    );
    expect(required).toEqual([]);
    for (const { operation } of operations) {
      const names = (operation.parameters ?? []).map((each: any) => `${each.in} ${each.name.toLowerCase()}`);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('has an example for every body, which names fields of its schema alone', () => {
    for (const { path, operation } of operations.filter((each) => bodyOf(each.operation))) {
      const { example, properties, required = [] } = bodyOf(operation);
      expect([path, example !== undefined]).toEqual([path, true]);
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(example)));
      expect(Object.keys(example)).toEqual(expect.arrayContaining(required));
    }
  });
});

describe('Somebody who only clicks', () => {
  it('gets from register to a sign-in with a second factor, by the examples and the codes of their phone', async () => {
    const example = (id: string) => bodyOf(operations.find(({ operation }) => operation.operationId === id)!.operation)?.example;
    const click = async (id: string, { token, change = {} }: { token?: string; change?: object } = {}) => {
      const { method, path, operation } = operations.find((each) => each.operation.operationId === id)!;
      const body = bodyOf(operation) ? { ...example(id), ...change } : undefined;
      const answer = await world.call(method, path, { ...(body && { body }), token: operation.security ? token : undefined });
      expect([id, answer.status, answer.body]).toEqual([
        id,
        Number(Object.keys(operation.responses).find((status) => status.startsWith('2'))),
        expect.anything(),
      ]);
      return answer.body;
    };
    await click('register');
    const first = await click('login');
    expect(first).toMatchObject({ mfa_required: false });
    const { secret, qr_code } = await click('setupTotp', { token: first.access_token });
    expect(qr_code).toMatch(/^data:image\/png;base64,/);
    const { backup_codes: backupCodes } = await click('enableTotp', {
      token: first.access_token,
      change: { code: generateSync({ secret }) },
    });
    await click('getMe', { token: first.access_token });
    await click('logout', { token: first.access_token });
    expect((await world.call('GET', '/api/users/me', { token: first.access_token })).status).toBe(401);
    const due = await click('login');
    expect(due).toMatchObject({ mfa_required: true });
    const second = await click('verifyMfa', { token: due.mfa_token, change: { code: backupCodes[0] } });
    await click('listSessions', { token: second.access_token });
    await click('refresh', { change: { refresh_token: second.refresh_token } });
    for (const id of ['updateMe', 'updateCompany', 'changePassword', 'listUsers', 'listAuditEvents', 'listFactors'])
      await click(id, { token: second.access_token });
  });
});

describe('Swagger UI', () => {
  it('is whole under its own Content-Security-Policy: every asset is ours, and no script stands in the page', async () => {
    const page = await world.call('GET', '/docs');
    expect(page.status).toBe(200);
    const policy = Object.fromEntries(
      page.headers
        .get('content-security-policy')!
        .split(';')
        .map((each) => (([name, ...values]) => [name!, values.join(' ')])(each.trim().split(/\s+/))),
    );
    expect(policy).toMatchObject({ 'default-src': "'self'", 'frame-ancestors': "'none'", 'base-uri': "'none'" });
    expect(JSON.stringify(policy)).not.toMatch(/unsafe-eval|\*|https?:/);
    expect(policy['script-src'] ?? policy['default-src']).toBe("'self'");

    const html = page.body as string;
    expect(html.match(/<script(?![^>]*\bsrc=)[^>]*>\s*\S/)).toBeNull();
    expect(html.match(/\son\w+\s*=/)).toBeNull();
    const assets = [...html.matchAll(/(?:src|href)=["']([^"']+)["']/g)].map(([, address]) => address!);
    expect(assets.length).toBeGreaterThanOrEqual(5);
    for (const asset of assets) {
      const { pathname, origin } = new URL(asset, `${world.stack.urls[0]}/docs`);
      expect(origin).toBe(world.stack.urls[0]);
      const answer = await world.call('GET', pathname);
      expect([asset, answer.status, answer.headers.get('x-content-type-options')]).toEqual([asset, 200, 'nosniff']);
      // With nosniff, a script or style of another type would not run.
      const type = { js: /javascript/, css: /^text\/css/, png: /^image\/png/ }[pathname.split('.').at(-1)!];
      expect([asset, answer.headers.get('content-type')]).toEqual([asset, expect.stringMatching(type!)]);
      expect([asset, type?.source === 'javascript' && /\beval\(/.test(answer.body)]).toEqual([asset, false]);
    }
    const init = (await world.call('GET', '/docs/swagger-ui-init.js')).body as string;
    expect(init).toContain('"register"');
    expect(init).toContain('"persistAuthorization": true');
  });

  it('is not there in production unless asked for, and not there when refused', { timeout: 60_000 }, async () => {
    const production = { NODE_ENV: 'production', PUBLIC_URL: 'https://auth.acme.test', RATE_LIMIT_SCALE: '1' };
    for (const [settings, expected] of [
      [production, 404],
      [{ SWAGGER: 'false' }, 404],
      [{ ...production, SWAGGER: 'true' }, 200],
    ] as const) {
      const api = await ownApi(settings);
      try {
        for (const path of ['/docs', '/openapi.json', '/docs/swagger-ui-init.js']) {
          const { status, headers } = await fetch(`${api.url}${path}`);
          expect([settings, path, status]).toEqual([settings, path, expected]);
          if (expected === 404) expect(headers.get('content-type')).toMatch(/problem\+json/);
        }
      } finally {
        await api.stop();
      }
    }
  });
});
