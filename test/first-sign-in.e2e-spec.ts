import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PASSWORD, World } from './support/world.js';

const runs = (program: string) => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
/** Independent of everything we ship: one reads the picture, the other makes the codes. */
const missing = ['zbarimg', 'oathtool'].filter((program) => !runs(program));
if (missing.length > 0)
  console.warn(`The first sign-in is not tested: ${missing.join(' and ')} cannot be found here (Debian: zbar-tools, oathtool).`);

describe('The first sign-in', () => {
  let world: World;
  let folder: string;
  beforeAll(() => {
    world = new World();
    folder = mkdtempSync(join(tmpdir(), 'first-sign-in-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await world.stop();
  });

  const code = (secret: string, at: Date) =>
    execFileSync('oathtool', ['--totp', '-b', secret, '--now', `@${Math.floor(at.getTime() / 1000)}`], { encoding: 'utf8' }).trim();
  const scan = (dataUrl: string) => {
    const [head, base64] = dataUrl.split(',') as [string, string];
    expect(head).toBe('data:image/png;base64');
    const file = join(folder, 'qr.png');
    writeFileSync(file, Buffer.from(base64, 'base64'));
    return execFileSync('zbarimg', ['--quiet', '--raw', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  };

  it.skipIf(missing.length > 0)(
    'leads from a new company over a scanned QR code and a phone to a second factor, and out again',
    async () => {
      const domain = `first-${Date.now().toString(36)}.test`;
      const credentials = { email: `Ada.Lovelace@${domain}`, password: PASSWORD };
      const post = (path: string, body: object, token?: string, at = 0) => world.call('POST', path, { body, token, at });

      const registered = await post('/api/auth/register', {
        ...credentials,
        full_name: 'Ada Lovelace',
        company_name: 'Söhne & Töchter',
        company_domain: domain,
      });
      expect(registered.status).toBe(201);
      expect(registered.body).toMatchObject({
        email: credentials.email,
        full_name: 'Ada Lovelace',
        role: 'admin',
        company_name: 'Söhne & Töchter',
        is_active: true,
        mfa_enabled: false,
        last_login: null,
      });

      const first = await post('/api/auth/login', credentials);
      expect(first.status).toBe(200);
      expect(first.body).toMatchObject({ mfa_required: false, token_type: 'bearer', expires_in: 1800 });
      const token = first.body.access_token;

      const setup = await post('/api/auth/mfa/setup', {}, token);
      expect(setup.status).toBe(200);
      const { secret, otpauth_uri, qr_code_uri, qr_code, manual_entry_key } = setup.body;
      expect(scan(qr_code), 'what the phone reads from the picture').toBe(otpauth_uri);
      expect(qr_code_uri).toBe(otpauth_uri);
      expect(manual_entry_key).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
      expect(manual_entry_key.replaceAll(' ', '')).toBe(secret);
      const uri = new URL(otpauth_uri);
      expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual([
        'otpauth:',
        'totp',
        `/Söhne & Töchter:${credentials.email}`,
      ]);
      expect(Object.fromEntries(uri.searchParams)).toMatchObject({ secret, issuer: 'Söhne & Töchter' });

      const enrolledAt = new Date();
      const enrolmentCode = code(secret, enrolledAt);
      const enabled = await post('/api/auth/mfa/enable', { code: enrolmentCode }, token);
      expect(enabled.status).toBe(200);
      expect(new Set(enabled.body.backup_codes).size).toBe(10);
      expect((await world.call('GET', '/api/users/me', { token, at: 1 })).body.mfa_enabled).toBe(true);

      expect((await post('/api/auth/logout', {}, token)).body).toEqual({ message: 'Successfully logged out', detail: null });
      expect((await world.call('GET', '/api/users/me', { token, at: 1 })).status).toBe(401);
      expect((await post('/api/auth/refresh', { refresh_token: first.body.refresh_token })).status).toBe(401);

      const pending = await post('/api/auth/login', { ...credentials, device_name: "Ada's laptop" }, undefined, 1);
      expect(pending.body).toMatchObject({
        mfa_required: true,
        refresh_token: '',
        expires_in: 300,
        factors: [{ type: 'totp' }, { type: 'backup_codes' }],
      });
      expect(pending.body.access_token).toBe(pending.body.mfa_token);
      expect((await world.call('GET', '/api/users/me', { token: pending.body.access_token })).body.code).toBe('auth.mfa_required');

      const used = await post('/api/auth/verify-mfa', { code: enrolmentCode, mfa_token: pending.body.mfa_token });
      expect(used.body, 'the code it was set up with').toMatchObject({ status: 401, code: 'mfa.wrong_code' });
      const next = code(secret, new Date(enrolledAt.getTime() + 30_000));
      const signedIn = await post('/api/auth/verify-mfa', { code: next, mfa_token: pending.body.mfa_token });
      expect(signedIn.status).toBe(200);
      expect(signedIn.body).toMatchObject({ mfa_required: false, token_type: 'bearer', expires_in: 1800 });

      const me = await world.call('GET', '/api/users/me', { token: signedIn.body.access_token, at: 1 });
      expect(me.status).toBe(200);
      expect(me.body).toMatchObject({
        id: registered.body.id,
        email: credentials.email,
        role: 'admin',
        company_id: registered.body.company_id,
        mfa_enabled: true,
        last_login: expect.stringMatching(/Z$/),
      });

      const refreshed = await post('/api/auth/refresh', { refresh_token: signedIn.body.refresh_token }, undefined, 1);
      expect(refreshed.status).toBe(200);
      expect(refreshed.body.refresh_token).not.toBe(signedIn.body.refresh_token);
      const renewed = refreshed.body.access_token;
      const sessions = await world.call('GET', '/api/auth/sessions', { token: renewed });
      expect(sessions.body).toMatchObject([{ is_current: true, device_name: "Ada's laptop", amr: ['pwd', 'otp', 'mfa'] }]);

      expect((await world.call('DELETE', `/api/auth/sessions/${sessions.body[0].id}`, { token: renewed })).status).toBe(200);
      expect((await world.call('GET', '/api/users/me', { token: renewed, at: 1 })).status).toBe(401);
      expect((await post('/api/auth/refresh', { refresh_token: refreshed.body.refresh_token }, undefined, 1)).status).toBe(401);
    },
  );
});
