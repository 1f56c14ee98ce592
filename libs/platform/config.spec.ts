import { randomBytes } from 'node:crypto';
import { ConfigError, readConfig } from './config.js';

const key = () => randomBytes(32).toString('base64');
const right = (): Record<string, string> => ({
  DATABASE_URL: 'postgres://watchword_app:db-canary@db.internal:5432/watchword',
  SEALING_KEY: key(),
  HASHING_KEY: key(),
  TENANT_KEY: key(),
  PUBLIC_URL: 'https://auth.acme.test',
});
const refusal = (env: Record<string, string | undefined>): string => {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('It was accepted.');
};

describe('The configuration', () => {
  it('needs four settings and has safe values for the rest', () => {
    expect(readConfig(right())).toMatchObject({
      NODE_ENV: 'production',
      swagger: false,
      HOST: '127.0.0.1',
      PORT: 8000,
      RATE_LIMIT_SCALE: 1,
      TRUSTED_PROXIES: [],
      CORS_ORIGINS: [],
    });
    const message = refusal({});
    for (const name of ['DATABASE_URL', 'SEALING_KEY', 'HASHING_KEY', 'TENANT_KEY'])
      expect(message).toMatch(new RegExp(`${name} is not set`));
    expect(refusal({ ...right(), SEALING_KEY: '' })).toMatch(/SEALING_KEY is not set/);
  });

  it('says whose passkeys are, and refuses pages that no browser would give them to', () => {
    expect(readConfig(right()).webauthn).toEqual({ id: 'auth.acme.test', origins: ['https://auth.acme.test'] });
    const set = { WEBAUTHN_RP_ID: 'acme.test', WEBAUTHN_ORIGINS: 'https://app.acme.test, https://acme.test' };
    expect(readConfig({ ...right(), ...set }).webauthn).toEqual({
      id: 'acme.test',
      origins: ['https://app.acme.test', 'https://acme.test'],
    });
    expect(refusal({ ...right(), WEBAUTHN_RP_ID: 'acme.example' })).toMatch(/WEBAUTHN_RP_ID acme.example must be the host of https:/);
    expect(refusal({ ...right(), WEBAUTHN_ORIGINS: 'http://auth.acme.test' })).toMatch(/WEBAUTHN_ORIGINS .* http is for localhost only/);
  });

  it.each(['SEALING_KEY', 'HASHING_KEY', 'TENANT_KEY'])('refuses a %s that is short, no base64, published, or not random', (name) => {
    expect(refusal({ ...right(), [name]: randomBytes(31).toString('base64') })).toMatch(
      new RegExp(`${name} must be at least 32 random bytes`),
    );
    expect(refusal({ ...right(), [name]: 'not base64 at all, but long enough to be a key!' })).toContain(name);
    for (const published of [
      'change-me-change-me-change-me-32!',
      'this-is-a-secret-key-of-32-bytes',
      'a-password-that-has-32-characters',
      'EXAMPLE0123456789abcdefghijklmno',
      'a'.repeat(32),
      '\0'.repeat(32),
      'abababababababababababababababab',
    ])
      expect(refusal({ ...right(), [name]: Buffer.from(published).toString('base64') })).toMatch(new RegExp(`${name} is not random`));
  });

  it('refuses one secret in two places', () => {
    const env = right();
    expect(refusal({ ...env, HASHING_KEY: env.SEALING_KEY })).toMatch(/is the same as/);
    expect(refusal({ ...env, TENANT_KEY: env.SEALING_KEY })).toMatch(/is the same as/);
    expect(refusal({ ...env, TENANT_KEY: env.HASHING_KEY })).toMatch(/is the same as/);
  });

  it('seals with exactly 32 bytes, now and earlier', () => {
    expect(refusal({ ...right(), SEALING_KEY: randomBytes(33).toString('base64') })).toMatch(/SEALING_KEY must be exactly 32 bytes/);
    expect(refusal({ ...right(), SEALING_KEYS_OLD: `${key()},${randomBytes(16).toString('base64')}` })).toMatch(
      /SEALING_KEYS_OLD each must be 32 bytes/,
    );
    expect(readConfig({ ...right(), SEALING_KEYS_OLD: `${key()}, ${key()}` }).SEALING_KEYS_OLD).toHaveLength(2);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', 'http'],
    ['PORT', '1.5'],
    ['DATABASE_POOL', '1'],
    ['DATABASE_POOL', '201'],
    ['RATE_LIMIT_SCALE', '0'],
    ['RATE_LIMIT_SCALE', '-1'],
    ['RATE_LIMIT_SCALE', '1e999'],
    ['RATE_LIMIT_SCALE', 'lots'],
    ['RATE_LIMIT_SCALE', '1.01'],
    ['RATE_LIMIT_IP', '0'],
    ['RATE_LIMIT_IP', '1.5'],
    ['ACCESS_TOKEN_SECONDS', '3601'],
    ['ACCESS_TOKEN_SECONDS', '0'],
    ['PENDING_SECONDS', '601'],
    ['REFRESH_GRACE_SECONDS', '61'],
    ['HASHING_SLOTS', '0'],
    ['SEND_BUDGET_DEFAULT', '-1'],
    ['SEND_BUDGET_DEFAULT', 'unlimited'],
    ['NODE_ENV', 'staging'],
    ['LOG_LEVEL', 'verbose'],
    ['SWAGGER', 'maybe'],
    ['PUBLIC_URL', 'auth.acme.test'],
    ['PUBLIC_URL', 'http://auth.acme.test'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'console.acme.test'],
    ['TRUSTED_PROXIES', 'everybody'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['DATABASE_URL', 'mysql://a@b/c'],
    ['DATABASE_URL', 'watchword'],
    ['MIGRATION_DATABASE_URL', 'https://a/b'],
    ['PASSWORD_MEMORY_KIB', '1024'],
  ])('refuses %s=%s, by name and without its value', (name, value) => {
    const message = refusal({ ...right(), [name]: value });
    expect(message).toContain(name);
    if (value.length > 3) expect(message).not.toContain(value);
  });

  it('never prints a value, however wrong', () => {
    const env = Object.fromEntries(
      [
        'SEALING_KEY',
        'HASHING_KEY',
        'TENANT_KEY',
        'DATABASE_URL',
        'MIGRATION_DATABASE_URL',
        'PORT',
        'PUBLIC_URL',
        'LOG_LEVEL',
        'NODE_ENV',
        'CORS_ORIGINS',
        'TRUSTED_PROXIES',
        'SEALING_KEYS_OLD',
        'SWAGGER',
        'RATE_LIMIT_SCALE',
      ].map((name) => [name, `canary ${name.length}`]),
    );
    const message = refusal(env);
    for (const name of Object.keys(env)) if (name !== 'SEALING_KEYS_OLD') expect(message).toContain(name);
    expect(message).not.toContain('canary');
    expect(refusal({ ...right(), RATE_LIMIT_SCALE: '2' })).not.toContain('db-canary');
  });

  it('is laxer outside production where tests need it, and nowhere else', () => {
    expect(readConfig({ ...right(), NODE_ENV: 'test', RATE_LIMIT_SCALE: '10000', PUBLIC_URL: 'http://auth.acme.test' })).toMatchObject({
      RATE_LIMIT_SCALE: 10_000,
      swagger: true,
    });
    expect(readConfig({ ...right(), NODE_ENV: 'test', SWAGGER: 'false' }).swagger).toBe(false);
    expect(readConfig({ ...right(), SWAGGER: 'true' }).swagger).toBe(true);
    expect(readConfig({ ...right(), PUBLIC_URL: 'http://localhost:8000' }).PUBLIC_URL).toBe('http://localhost:8000');
    expect(refusal({ ...right(), PUBLIC_URL: 'http://localhost.evil.test' })).toContain('PUBLIC_URL');
  });
});
