import { randomBytes } from 'node:crypto';
import { Breakers } from './breakers.js';
import { DeliveryError } from './delivery-error.js';

const call = (breakers: Breakers, work: () => Promise<unknown>) => breakers.execute('acme', 'vonage-sms', 'ES', work).catch(() => {});
const fails = () => Promise.reject(new DeliveryError('ambiguous', 'timeout'));

// A breaker that changes says so in the log, which asks the settings how much it says.
for (const name of ['SEALING_KEY', 'HASHING_KEY', 'TENANT_KEY']) vi.stubEnv(name, randomBytes(32).toString('base64'));
vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:1/none');
vi.stubEnv('LOG_LEVEL', 'silent');

describe('A breaker', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('leaves a vendor alone after five failures in a row, for one country', async () => {
    const breakers = new Breakers();
    for (let at = 0; at < 4; at++) await call(breakers, fails);
    expect(breakers.open('acme')).toEqual([]);
    await call(breakers, fails);
    expect(breakers.open('acme')).toEqual(['vonage-sms/ES']);
  });

  it('is of one company alone, and no answer of a vendor that is well opens it', async () => {
    const breakers = new Breakers();
    for (let at = 0; at < 5; at++) await call(breakers, fails);
    expect([breakers.open('acme'), breakers.open('globex')]).toEqual([['vonage-sms/ES'], []]);
    await expect(breakers.execute('globex', 'vonage-sms', 'ES', async () => 'sent')).resolves.toBe('sent');
    for (const reason of ['throttled', 'concurrent'])
      for (let at = 0; at < 6; at++)
        await breakers
          .execute('globex', 'vonage-verify', 'ES', () => Promise.reject(new DeliveryError('retryable', reason)))
          .catch(() => {});
    expect(breakers.open('globex')).toEqual([]);
  });

  it('lets it be tried again after a while, though nobody calls it meanwhile', async () => {
    const breakers = new Breakers();
    for (let at = 0; at < 5; at++) await call(breakers, fails);
    vi.advanceTimersByTime(10_001);
    expect(breakers.open('acme')).toEqual([]);
    await call(breakers, fails);
    expect(breakers.open('acme')).toEqual(['vonage-sms/ES']);
    vi.advanceTimersByTime(20_001);
    await call(breakers, async () => {});
    expect(breakers.open('acme')).toEqual([]);
  });
});
