import { PASSWORD, World } from './support/world.js';

describe('Signing in', () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  afterAll(() => world.stop());

  it('asks for the second factor once one is set up, and for nothing before', async () => {
    const { admin } = await world.company();
    expect((await admin.login()).body).toMatchObject({ mfa_required: false, token_type: 'bearer' });
    await admin.enablesTotp();

    const due = await admin.login();
    expect(due.body).toMatchObject({ mfa_required: true, refresh_token: '', factors: [{ type: 'totp' }, { type: 'backup_codes' }] });
    const signedIn = await admin.verify(due.body.mfa_token, await admin.code());
    expect(signedIn.status).toBe(200);
    expect(signedIn.body.refresh_token).not.toBe('');
  });

  it('accepts an authenticator code once', async () => {
    const { admin } = await world.company();
    await admin.enablesTotp();
    const code = await admin.code();
    expect((await admin.verify(await admin.pendingToken(), code)).status).toBe(200);
    const replay = await admin.verify(await admin.pendingToken(), code);
    expect(replay.status).toBe(401);
    expect(replay.body.code).toBe('mfa.wrong_code');
  });

  it('answers alike for a wrong password and an unknown address', async () => {
    const { admin, domain } = await world.company();
    const wrong = await admin.login({ password: `${PASSWORD}!` });
    const unknown = await admin.login({ email: `nobody@${domain}` });
    const bare = ({ body: { request_id: _, ...rest } }: { body: any }) => rest;
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(bare(wrong)).toEqual(bare(unknown));
  });
});
