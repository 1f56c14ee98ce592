import { Authenticator, type Wrong } from '../simulators/authenticator.js';
import type { Answer, Person, World } from './world.js';

/** Sets a passkey up, from the first request to the last; answers with the last. */
export async function setsUp(person: Person, authenticator: Authenticator, more: SetUp = {}): Promise<Answer & { factorId: string }> {
  const { token = person.token, wrong, label, named } = more;
  const start = await person.world.call('POST', '/api/auth/mfa/factors', { token, body: { type: 'webauthn', ...(label && { label }) } });
  if (start.status !== 201) return { ...start, factorId: '' };
  const { factor_id: factorId, webauthn } = start.body;
  const body = { credential: authenticator.create(webauthn, wrong), ...(named && { label: named }) };
  return { ...(await person.world.call('POST', `/api/auth/mfa/factors/${factorId}/confirm`, { token, body })), factorId };
}
interface SetUp {
  token?: string;
  wrong?: Wrong;
  label?: string;
  named?: string;
}

/** Asks for a challenge of the person's passkeys and has it signed. */
export async function signed(person: Person, factorId: string, authenticator: Authenticator, { token = person.token, wrong = {} } = {}) {
  const { status, body } = await person.world.call('POST', '/api/auth/mfa/challenge', { token, body: { factor_id: factorId } });
  if (status !== 202) throw new Error(`challenge answered ${status}: ${JSON.stringify(body)}`);
  return authenticator.get(body.webauthn, wrong);
}

export const options = async (world: World) => (await world.call('POST', '/api/auth/passkey/options', { body: {} })).body;

/** The body of a sign-in with a passkey alone. */
export async function passkeyLogin(world: World, authenticator: Authenticator, wrong: Wrong = {}) {
  const { passkey_token, webauthn } = await options(world);
  return { passkey_token, credential: authenticator.get(webauthn, wrong) };
}

export const knocks = (world: World, body: unknown, at = 0, headers: Record<string, string> = {}) =>
  world.call('POST', '/api/auth/passkey/login', { body, at, headers });

export const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());

/** Somebody of a company of their own, with a passkey. */
export async function withPasskey(world: World, authenticator = new Authenticator()) {
  const company = await world.company();
  const person = await company.person();
  const { factorId, status } = await setsUp(person, authenticator);
  expect(status).toBe(200);
  return { company, person, authenticator, factorId };
}

/** Why answers were refused, as the company's trail has it. */
export const reasons = async ({ company }: Person) =>
  (await company.sql(`select details ->> 'reason' as reason from audit_event where action = 'mfa.code_refused' order by id`)).map(
    ({ reason }) => reason,
  );
