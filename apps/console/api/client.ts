import createClient from 'openapi-fetch';
import { Problem, unreachable } from './problem.js';
import type { components, paths } from './schema.js';
import { session } from './session.js';
import { stepUp } from './step-up.js';

export type Schemas = components['schemas'];

const parsed = (response: Response) =>
  response
    .clone()
    .json()
    .catch(() => undefined) as Promise<{ code?: string } | undefined>;

/** Where the session was opened with less than the company demands now, a proof of the person's own factor will do, too. */
const MORE_WANTED = ['auth.mfa_required', 'mfa.passkey_required'];
const wantsProof = (response: Response, problem: { code?: string } | undefined) =>
  /insufficient_user_authentication/.test(response.headers.get('www-authenticate') ?? '') ||
  (MORE_WANTED.includes(problem?.code ?? '') && !new URL(response.url).pathname.endsWith('/step-up'));

/** The session's token with each request, unless it brings one of its own (a pending sign-in does). */
async function send(request: Request): Promise<Response> {
  const brought = request.headers.has('authorization');
  let asker = session.person;
  for (let attempt = 0; ; attempt++) {
    const current = brought ? undefined : await session.accessToken();
    asker ??= session.person;
    // What one person asked is done as no other, who has come to this page meanwhile.
    const token = asker === session.person ? current : undefined;
    const sent = request.clone();
    if (token) sent.headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(sent).catch(() => {
      throw unreachable();
    });
    if (!token || attempt > 1) return response;
    if (response.status === 401 && (await parsed(response))?.code === 'auth.sign_in_required') {
      session.refused(token);
      continue;
    }
    // RFC 9470: the route wants its caller to have proved just now who they are.
    if (response.status === 403 && wantsProof(response, await parsed(response))) {
      if (await stepUp.ask()) continue;
    }
    return response;
  }
}

/** The contract of openapi.json, and nothing beside it. */
export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: send, headers: { 'x-session-mode': 'cookie' } });

/** What a call answered. @throws Problem */
export async function answer<D>(call: Promise<{ data?: D; error?: unknown; response: Response }>): Promise<D> {
  const { data, error, response } = await call;
  if (!response.ok) throw await Problem.of(response, error);
  return data as D;
}

/** For a sign-in that is not done: its pending token instead of a session's. */
export const pending = (token: string) => ({ authorization: `Bearer ${token}` });
