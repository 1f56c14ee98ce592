import { relyingPartyIssues, relyingPartyOf } from './relying-party.js';

const settings = (more: { PUBLIC_URL?: string; WEBAUTHN_RP_ID?: string; WEBAUTHN_ORIGINS?: string[] } = {}) => ({
  PUBLIC_URL: 'https://id.example.com/auth',
  WEBAUTHN_ORIGINS: [],
  ...more,
});
const issues = (more: Parameters<typeof settings>[0]) => [...relyingPartyIssues(settings(more))];

describe('Who passkeys are made for', () => {
  it('is the host of PUBLIC_URL, at its origin, unless somebody says otherwise', () => {
    expect(relyingPartyOf(settings())).toEqual({ id: 'id.example.com', origins: ['https://id.example.com'] });
    expect(issues({})).toEqual([]);
    const said = { WEBAUTHN_RP_ID: 'example.com', WEBAUTHN_ORIGINS: ['https://app.example.com', 'https://example.com:8443'] };
    expect(relyingPartyOf(settings(said))).toEqual({ id: 'example.com', origins: said.WEBAUTHN_ORIGINS });
    expect(issues(said)).toEqual([]);
    expect(issues({ WEBAUTHN_RP_ID: 'localhost', WEBAUTHN_ORIGINS: ['http://localhost:5173'] })).toEqual([]);
  });

  it.each([
    ['another domain than the pages', { WEBAUTHN_RP_ID: 'example.org' }, 'https://id.example.com'],
    ['a name that only ends alike', { WEBAUTHN_RP_ID: 'ple.com' }, 'domain above it'],
    ['a top level domain', { WEBAUTHN_RP_ID: 'com' }, 'must be a domain'],
    ['an address', { WEBAUTHN_RP_ID: '127.0.0.1', WEBAUTHN_ORIGINS: ['http://127.0.0.1:8000'] }, 'must be a domain'],
    ['capitals', { WEBAUTHN_RP_ID: 'Example.com' }, 'small letters'],
    ['a whole URL', { WEBAUTHN_RP_ID: 'https://example.com' }, 'must be a domain'],
    ['a page without encryption', { WEBAUTHN_ORIGINS: ['http://id.example.com'] }, 'http is for localhost only'],
    ['a path behind an origin', { WEBAUTHN_ORIGINS: ['https://id.example.com/login'] }, 'must be an origin'],
    ['no address at all', { WEBAUTHN_ORIGINS: ['id.example.com'] }, 'must be an origin'],
  ])('is never %s: that is said at the start, in a sentence', (_, more, words) => {
    const [[, message] = ['', '']] = issues(more);
    expect(message).toContain(words);
  });
});
