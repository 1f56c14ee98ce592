import { v7 as uuidv7 } from 'uuid';
import { newContactLink, opens, userOfContact } from './contact-link.js';

describe('A contact link', () => {
  const [tenant, user, now] = [uuidv7(), uuidv7(), new Date()];
  const { token, link } = newContactLink(tenant, user, now);
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

  it.each(['', 'x', 'A'.repeat(54), 'A'.repeat(64)])('%j is nobody’s', (text) => {
    expect(userOfContact(text)).toSatisfy((id) => id === undefined || id === '00000000-0000-0000-0000-000000000000');
  });
});
