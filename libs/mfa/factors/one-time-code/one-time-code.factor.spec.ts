import { createHash } from 'node:crypto';
import { EmailFactor, ONE_TIME_CODES, SmsFactor } from './one-time-code.factor.js';

const macOf = (answer: string) => createHash('sha256').update(answer).digest();
const challenge = { mac: macOf('493817'), macOf };
const [now, policy] = [new Date(), { totpWindow: 1 as const }];

describe('A one-time code', () => {
  const factor = new SmsFactor();
  const { state, reveal } = factor.enroll({ account: 'ada@acme.test', issuer: 'Acme' }, { recipient: '+34612345678', locale: 'es' });

  it('is right when it is the one that was sent', () => {
    expect(factor.verify(state, '493817', now, policy, challenge)).toEqual(state);
  });

  it.each(['493818', '49381', '4938170', ' 493817', '４９３８１７', ''])('is wrong as %j', (answer) => {
    expect(factor.verify(state, answer, now, policy, challenge)).toBeUndefined();
  });

  it('is wrong when none was sent, whatever it is', () => {
    expect(factor.verify(state, '493817', now, policy)).toBeUndefined();
  });

  it('knows where it goes, and shows nothing', () => {
    expect([factor.recipient(state), reveal]).toEqual(['+34612345678', {}]);
    expect(factor.recipient({ locale: 'en' })).toBeUndefined();
  });

  it('says by which channel, how a session is described, and whether it proves that something is held', () => {
    expect(
      ONE_TIME_CODES.map((kind) => new kind()).map(({ type, channel, amr, provesPossession }) => [type, channel, amr, provesPossession]),
    ).toEqual([
      ['sms', 'sms', 'sms', true],
      ['voice', 'voice', 'tel', true],
      ['email', 'email', 'otp', false],
      ['telegram', 'telegram', 'otp', false],
    ]);
    expect(new EmailFactor().standsAlone).toBe(true);
  });
});
