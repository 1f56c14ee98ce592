import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, launch, ready, stopped } from './support/stack.js';
import { type Answer, PASSWORD, World } from './support/world.js';

/** A flock counted in order: each number answers once. Compiled, as the product beside it is. */
const SHEEP = `
import { z } from 'zod';
import { Factor } from '../../factor.js';

export class SheepFactor extends Factor {
  type = 'sheep';
  amr = 'kba';
  input = z.object({ shepherd: z.string().min(1) });
  accepts = (answer) => /^\\d+ sheep$/.test(answer);
  enroll = ({ account }, { shepherd }) => ({ state: { next: 1 }, reveal: { begin: '1 sheep', flock: shepherd + ' of ' + account } });
  verify = ({ next }, answer) => (answer === next + ' sheep' ? { next: next + 1 } : undefined);
}
`;

/** The README's promise: one folder and one line, and everything around a factor is there. */
describe('Another factor', () => {
  let world: World;
  let folder: string;
  let child: ChildProcess;
  let url: string;
  beforeAll(async () => {
    world = new World();
    const root = join(import.meta.dirname, '..');
    folder = mkdtempSync(join(tmpdir(), 'another-factor-'));
    for (const name of ['dist', 'package.json']) cpSync(join(root, name), join(folder, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    // One folder …
    const factors = join(folder, 'dist/libs/mfa/factors');
    mkdirSync(join(factors, 'sheep'));
    writeFileSync(join(factors, 'sheep/sheep.factor.js'), SHEEP);
    // … and one line.
    const index = readFileSync(join(factors, 'index.js'), 'utf8');
    const line = index.replace(
      'export const FACTORS = [',
      "import { SheepFactor } from './sheep/sheep.factor.js';\nexport const FACTORS = [SheepFactor, ",
    );
    if (line === index) throw new Error('The list of factors reads otherwise now.');
    writeFileSync(join(factors, 'index.js'), line);

    const port = await freePort();
    child = launch(join(folder, 'dist/apps/api/main.js'), { ...world.stack.env, PORT: String(port) });
    url = `http://127.0.0.1:${port}`;
    await ready(url, child);
  });
  afterAll(async () => {
    if (child) await stopped(child);
    rmSync(folder, { recursive: true, force: true });
    await world.stop();
  });

  it('is set up, listed, asked for, spent once, counted, rested and written down like any other', async () => {
    const company = await world.company();
    const { admin } = company;
    const post = async (path: string, body: object, token?: string): Promise<Answer> => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        body: JSON.stringify(body),
      });
      return { status: response.status, headers: response.headers, body: await response.json() };
    };
    const pending = async (): Promise<string> =>
      (await post('/api/auth/login', { email: admin.email, password: PASSWORD, company_domain: company.domain })).body.mfa_token;
    const answered = async (code: string) => {
      const { status, body } = await post('/api/auth/verify-mfa', { code }, await pending());
      if (status === 200) admin.token = body.access_token;
      return status === 200 ? 'accepted' : body.code;
    };

    const unsaid = await post('/api/auth/mfa/factors', { type: 'sheep', input: {} }, admin.token);
    expect(unsaid.body).toMatchObject({ status: 400, errors: [{ field: 'input.shepherd' }] });
    const started = await post('/api/auth/mfa/factors', { type: 'sheep', label: 'Dolly', input: { shepherd: 'Ada' } }, admin.token);
    expect(started).toMatchObject({ status: 201, body: { reveal: { begin: '1 sheep', flock: `Ada of ${admin.email}` } } });
    const { factor_id } = started.body;
    expect((await post(`/api/auth/mfa/factors/${factor_id}/confirm`, { code: '2 sheep' }, admin.token)).body.code).toBe('mfa.wrong_code');
    const confirmed = await post(`/api/auth/mfa/factors/${factor_id}/confirm`, { code: '1 sheep' }, admin.token);
    expect([confirmed.status, confirmed.body.backup_codes.length]).toEqual([200, 10]);

    const due = await post('/api/auth/login', { email: admin.email, password: PASSWORD, company_domain: company.domain });
    expect(due.body.factors).toMatchObject([{ id: factor_id, type: 'sheep', label: 'Dolly' }, { type: 'backup_codes' }]);
    expect(await answered('1 sheep'), 'spent on setting it up').toBe('mfa.wrong_code');
    expect(await company.sql('select failures from mfa_factor where id = $1', [factor_id])).toEqual([{ failures: 1 }]);
    expect(await answered('2 sheep')).toBe('accepted');
    expect(await answered('2 sheep'), 'once').toBe('mfa.wrong_code');
    expect((await admin.get('/api/auth/sessions')).body[0]).toMatchObject({ is_current: true, amr: ['pwd', 'kba', 'mfa'] });
    expect((await admin.get('/api/auth/mfa/factors')).body.data).toMatchObject([
      { type: 'sheep', confirmed: true },
      { type: 'backup_codes' },
    ]);

    await company.sql('update mfa_factor set failures = 99 where id = $1', [factor_id]);
    expect(await answered('9 sheep')).toBe('mfa.wrong_code');
    expect(await answered('3 sheep'), 'at rest after a hundred').toBe('mfa.wrong_code');
    const trail = await company.sql(
      `select action, details ->> 'type' as type from audit_event where action like 'mfa.%' and details ->> 'type' = 'sheep'`,
    );
    expect(trail.map(({ action }) => action)).toEqual(['mfa.enrolment_started', 'mfa.factor_added']);
    expect(JSON.stringify(await company.sql('select state from mfa_factor')), 'sealed').not.toContain('next');
  });
});
