import { newWebhookSecret, signWebhook } from './webhook-signature.js';

describe('The signature of a webhook', () => {
  // The example of the Standard Webhooks specification's own libraries.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const example = ['msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}'] as const;

  it('is the one of the specification', () => {
    expect(signWebhook([secret], ...example)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('is made with each secret that is good, the newest first', () => {
    const [newer, older] = signWebhook([newWebhookSecret(), secret], ...example).split(' ');
    expect(older).toBe(signWebhook([secret], ...example));
    expect(newer).toMatch(/^v1,[\w+/]{43}=$/);
    expect(newer).not.toBe(older);
  });

  it('has a secret of 256 random bits', () => {
    const made = Array.from({ length: 100 }, newWebhookSecret);
    expect(new Set(made).size).toBe(100);
    for (const text of made) expect(Buffer.from(text.replace(/^whsec_/, ''), 'base64')).toHaveLength(32);
  });
});
