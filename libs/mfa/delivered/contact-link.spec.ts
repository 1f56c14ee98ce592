import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { newContactLink, opens, userOfContact } from './contact-link.js';

describe('A contact link', () => {
  const [tenant, user, now] = [uuidv7(), uuidv7(), new Date()];
  let { token, link } = {} as ReturnType<typeof newContactLink>;
  beforeAll(() => {
    // What is kept is a keyed MAC; the key is configuration.
    const key = () => randomBytes(32).toString('base64');
    Object.assign(process.env, {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      SEALING_KEY: key(),
      HASHING_KEY: key(),
      TENANT_KEY: key(),
    });
    ({ token, link } = newContactLink(tenant, user, now));
  });
  const after = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

  it('carries a token that fits a deep link, says whose it is, and of which only a MAC is kept', () => {
    expect(token).toMatch(/^[\w-]{54}$/);
    expect(userOfContact(token)).toBe(user);
    expect(JSON.stringify(link)).not.toContain(token);
    expect(newContactLink(tenant, user, now).token).not.toBe(token);
  });

  it('opens for a quarter of an hour, for its token in its company', () => {
    expect(opens(tenant, token, link, after(14))).toBe(true);
    expect(opens(tenant, token, link, after(15))).toBe(false);
    expect(opens(uuidv7(), token, link, now)).toBe(false);
    expect(opens(tenant, newContactLink(tenant, user, now).token, link, now)).toBe(false);
  });

  it.each(['', 'x', 'A'.repeat(53), 'A'.repeat(64), `${'A'.repeat(53)}B`])('%j is nobody’s', (text) => {
    expect(userOfContact(text)).toBeUndefined();
  });
});
