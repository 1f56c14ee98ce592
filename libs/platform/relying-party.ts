import { isIP } from 'node:net';

interface Settings {
  PUBLIC_URL: string;
  WEBAUTHN_RP_ID?: string | undefined;
  WEBAUTHN_ORIGINS: string[];
}

/** Who passkeys are made for (WebAuthn §4): the domain they belong to, and the pages that may ask for them. */
export interface RelyingParty {
  id: string;
  origins: string[];
}

/** Anything that is set is right: `relyingPartyIssues` said nothing. */
export const relyingPartyOf = ({ PUBLIC_URL, WEBAUTHN_RP_ID, WEBAUTHN_ORIGINS }: Settings): RelyingParty => ({
  id: WEBAUTHN_RP_ID ?? new URL(PUBLIC_URL).hostname,
  origins: WEBAUTHN_ORIGINS.length > 0 ? WEBAUTHN_ORIGINS : [new URL(PUBLIC_URL).origin],
});

const isLocal = (host: string) => host === 'localhost' || host.endsWith('.localhost');
const belongs = (host: string, domain: string) => host === domain || host.endsWith(`.${domain}`);

/** What is wrong with the settings, by name. A browser would refuse every ceremony, and say so to nobody but the person in front of it. */
export function* relyingPartyIssues(env: Settings): Generator<['WEBAUTHN_RP_ID' | 'WEBAUTHN_ORIGINS', string]> {
  if (env.WEBAUTHN_RP_ID === undefined && env.WEBAUTHN_ORIGINS.length === 0) return;
  const { id, origins } = relyingPartyOf(env);
  const isDomain = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(id) && !isIP(id) && new URL(`https://${id}`).hostname === id;
  if (!isDomain && !isLocal(id))
    return yield ['WEBAUTHN_RP_ID', `must be a domain in small letters, such as example.com, or localhost; not ${id}`];
  for (const origin of origins) {
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal(url.hostname));
    if (url?.origin !== origin || !secure)
      yield ['WEBAUTHN_ORIGINS', `${origin} must be an origin such as https://app.example.com; http is for localhost only`];
    else if (!belongs(url.hostname, id))
      yield ['WEBAUTHN_RP_ID', `${id} must be the host of ${origin}, or a domain above it: browsers refuse passkeys otherwise`];
  }
}
