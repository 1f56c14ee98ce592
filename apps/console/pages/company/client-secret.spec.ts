import { describe, expect, it } from 'vitest';
import { isSecretMissing, NO_SECRET, secretSent } from './client-secret.js';

describe('The secret of a client', () => {
  it('is sent when it is typed, left out when the stored one stays, and null when there is to be none', () => {
    expect(secretSent({ ...NO_SECRET, client_secret: 'typed' }, true)).toEqual({ client_secret: 'typed' });
    expect(secretSent({ client_secret: 'typed', ends_secret: true }, true)).toEqual({ client_secret: 'typed' });
    expect(secretSent(NO_SECRET, true)).toEqual({});
    expect(secretSent({ ...NO_SECRET, ends_secret: true }, true)).toEqual({ client_secret: null });
    expect(secretSent(NO_SECRET, false)).toEqual({ client_secret: null });
  });

  it('is asked for again where the stored one does not follow', () => {
    expect(isSecretMissing(NO_SECRET, true, true)).toBe(true);
    expect(isSecretMissing(NO_SECRET, true, false)).toBe(false);
    expect(isSecretMissing(NO_SECRET, false, true)).toBe(false);
    expect(isSecretMissing({ ...NO_SECRET, ends_secret: true }, true, true)).toBe(false);
    expect(isSecretMissing({ ...NO_SECRET, client_secret: 'typed' }, true, true)).toBe(false);
  });
});
