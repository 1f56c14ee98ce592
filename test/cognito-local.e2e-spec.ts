import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  AssociateSoftwareTokenCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  InitiateAuthCommand,
  SetUserMFAPreferenceCommand,
  VerifySoftwareTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { generateSync } from 'otplib';
import { OpenIdWorld } from './support/open-id-world.js';
import type { Company } from './support/world.js';

const THERE = 'Their-Password-At-Amazon-7';
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());

/** Of somebody else's making: what it does as AWS does is tried with it, and the rest with a pool of our own. It checks no hash over the secret. */
async function startEmulator(): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => resolve(free));
    });
  });
  const home = mkdtempSync(join(tmpdir(), 'cognito-'));
  const entry = createRequire(import.meta.url).resolve('cognito-local/lib/bin/start.js');
  const child = spawn(process.execPath, [entry], {
    cwd: home,
    env: { ...process.env, HOST: '127.0.0.1', PORT: String(port) },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + 30_000; ; await sleep(100)) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      break;
    if (Date.now() > deadline) throw new Error('cognito-local does not listen');
  }
  return {
    url,
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

describe('Signing in over cognito-local', () => {
  let emulator: Awaited<ReturnType<typeof startEmulator>>;
  let world: OpenIdWorld;
  let amazon: CognitoIdentityProviderClient;
  let poolId: string;
  let client: { ClientId: string; ClientSecret: string | undefined };
  beforeAll(async () => {
    emulator = await startEmulator();
    world = await OpenIdWorld.open({ PROVIDER_ENDPOINTS: JSON.stringify({ cognito: emulator.url }) });
    amazon = new CognitoIdentityProviderClient({
      region: 'local',
      endpoint: emulator.url,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const { UserPool } = await amazon.send(
      new CreateUserPoolCommand({ PoolName: 'people', MfaConfiguration: 'OPTIONAL', UsernameAttributes: ['email'] }),
    );
    poolId = UserPool!.Id!;
    const made = await amazon.send(new CreateUserPoolClientCommand({ UserPoolId: poolId, ClientName: 'watchword', GenerateSecret: true }));
    client = { ClientId: made.UserPoolClient!.ClientId!, ClientSecret: made.UserPoolClient!.ClientSecret };
  });
  afterAll(async () => {
    amazon?.destroy();
    await world?.stop();
    await emulator?.stop();
  });

  const companyOf = async (): Promise<{ company: Company; email: string }> => {
    const company = await world.company();
    const { status, body } = await company.admin.put('/api/company/cognito', {
      auth_provider: 'both',
      user_pool_id: poolId,
      client_id: client.ClientId,
      client_secret: client.ClientSecret ?? null,
      just_in_time: true,
    });
    if (status !== 200) throw new Error(`put answered ${status}: ${JSON.stringify(body)}`);
    const email = `ada@${company.domain}`;
    await amazon.send(
      new AdminCreateUserCommand({
        UserPoolId: poolId,
        Username: email,
        MessageAction: 'SUPPRESS',
        TemporaryPassword: 'Temporary-1-Password',
        UserAttributes: [
          { Name: 'email', Value: email },
          { Name: 'email_verified', Value: 'true' },
        ],
      }),
    );
    return { company, email };
  };
  const settled = (email: string) =>
    amazon.send(new AdminSetUserPasswordCommand({ UserPoolId: poolId, Username: email, Password: THERE, Permanent: true }));
  const login = (company: Company, email: string, password = THERE) =>
    world.call('POST', '/api/auth/login', { body: { email, password, company_domain: company.domain } });

  it('brings in whoever has the password, with tokens of its signing', async () => {
    const { company, email } = await companyOf();
    await settled(email);
    expect((await login(company, email, 'wrong')).body.code).toBe('auth.invalid_credentials');
    const { status, body } = await login(company, email);
    expect([status, claimsOf(body.access_token)]).toMatchObject([200, { email, amr: ['fed', 'pwd'] }]);
  });

  it('asks for a new password where an administrator gave a temporary one', async () => {
    const { company, email } = await companyOf();
    const { body } = await login(company, email, 'Temporary-1-Password');
    expect(body.next_step.type).toBe('new_password');
    const { status } = await world.call('POST', '/api/auth/verify-mfa', { token: body.mfa_token, body: { new_password: THERE } });
    expect(status).toBe(200);
    expect((await login(company, email)).body.mfa_required).toBe(false);
  });

  it('asks for the code of an authenticator that was set up there', async () => {
    const { company, email } = await companyOf();
    await settled(email);
    const { AuthenticationResult } = await amazon.send(
      new InitiateAuthCommand({
        ClientId: client.ClientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME: email, PASSWORD: THERE },
      }),
    );
    const AccessToken = AuthenticationResult!.AccessToken!;
    const { SecretCode: secret } = await amazon.send(new AssociateSoftwareTokenCommand({ AccessToken }));
    await amazon.send(new VerifySoftwareTokenCommand({ AccessToken, UserCode: generateSync({ secret: secret! }) }));
    await amazon.send(new SetUserMFAPreferenceCommand({ AccessToken, SoftwareTokenMfaSettings: { Enabled: true, PreferredMfa: true } }));
    const { body } = await login(company, email);
    expect(body).toMatchObject({ next_step: { type: 'code' }, factors: [{ type: 'totp' }] });
    const { body: opened } = await world.call('POST', '/api/auth/verify-mfa', {
      token: body.mfa_token,
      body: { code: generateSync({ secret: secret! }) },
    });
    expect(claimsOf(opened.access_token).amr).toEqual(['fed', 'pwd', 'otp', 'mfa']);
  });
});
