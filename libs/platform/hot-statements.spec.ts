import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { HotStatements } from './hot-statements.js';

describe('The connections of the hot statements', () => {
  beforeAll(() => {
    vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:1/nothing');
    for (const name of ['SEALING_KEY', 'HASHING_KEY', 'TENANT_KEY']) vi.stubEnv(name, randomBytes(32).toString('base64'));
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('are missed while we run, and not while we stop: the database may be stopping with us', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const statements = new HotStatements();
    const lost = () => statements.pool.emit('error', new Error('terminating connection'), undefined as never);
    lost();
    expect(warn).toHaveBeenCalledExactlyOnceWith('A database connection was lost: terminating connection');
    statements.onModuleDestroy();
    lost();
    await statements.onApplicationShutdown();
    lost();
    expect(warn).toHaveBeenCalledOnce();
  });
});
