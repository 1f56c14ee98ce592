import { cookies, payload } from './http-connection.mjs';
import { each } from './loops.mjs';
import { codeOf, currentStep } from './totp.mjs';

/**
 * @typedef {import('./http-connection.mjs').Response} Response
 * @typedef {import('./loops.mjs').Worker} Worker
 * @typedef {{ emails: string[], password: string, totpKey?: string, operations?: number }} Input
 */

/** @param {boolean} right @param {string} message */
export function expect(right, message) {
  if (!right) throw new Error(message);
}

/** @param {string} origin @param {string} email @param {string} password */
export const signIn = (origin, email, password) =>
  payload('POST', '/api/auth/sign-in/email', { headers: { origin }, body: { email, password } });

/** Deals the list out in turn, one list for all connections. @template T @param {T[]} items */
export function dealer(items) {
  let at = 0;
  return () => /** @type {T} */ (items[at++ % items.length]);
}

/** @param {number} connections @param {() => Worker} make */
export const crew = (connections, make) => Array.from({ length: connections }, make);

export const flows = {
  /** @param {string} origin @param {number} connections @param {Input} input */
  async 'peer.login'(origin, connections, { emails, password }) {
    const next = dealer(emails.map((email) => signIn(origin, email, password)));
    const check = (/** @type {Response} */ { status, body }) => expect(status === 200 && body.includes('"token":"'), 'no session');
    return crew(connections, () => ({ next, check }));
  },

  /** @param {string} origin @param {number} connections @param {Input} input */
  async 'peer.session'(origin, connections, { emails, password }) {
    const requests = await each(origin, emails.slice(0, 512), async (send, email) => {
      const response = await send(signIn(origin, email, password));
      expect(response.status === 200, `sign-in answered ${response.status} ${response.body}`);
      return payload('GET', '/api/auth/get-session', { headers: { cookie: cookies(response) } });
    });
    const next = dealer(requests);
    const check = (/** @type {Response} */ { status, body }) => expect(status === 200 && body.includes('"session":{'), 'no session');
    return crew(connections, () => ({ next, check }));
  },

  /** @param {string} origin @param {number} connections @param {Input} input */
  async 'peer.challenge'(origin, connections, { emails, password }) {
    const next = dealer(emails.map((email) => signIn(origin, email, password)));
    const check = (/** @type {Response} */ { status, body }) =>
      expect(status === 200 && body.includes('"twoFactorRedirect":true'), 'no challenge');
    return crew(connections, () => ({ next, check }));
  },

  /** Sign-ins happen before the window; only the verification is measured. @param {string} origin @param {number} connections @param {Input} input */
  async 'peer.totp'(origin, connections, { emails, password, totpKey = '', operations = 0 }) {
    const key = Buffer.from(totpKey, 'base64');
    const due = Array.from({ length: operations }, (_, index) => /** @type {string} */ (emails[index % emails.length]));
    const pending = await each(origin, due, async (send, email) => cookies(await send(signIn(origin, email, password))));
    let at = 0;
    const next = () => {
      const cookie = pending[at++];
      if (cookie === undefined) return undefined;
      return payload('POST', '/api/auth/two-factor/verify-totp', {
        headers: { origin, cookie },
        body: { code: codeOf(key, currentStep()) },
      });
    };
    const check = (/** @type {Response} */ { status, body }) => expect(status === 200 && body.includes('"token":"'), 'not verified');
    return crew(connections, () => ({ next, check }));
  },

  /** Nine in ten are guesses: half at people who exist, half at people who do not. @param {string} origin @param {number} connections @param {Input} input */
  async 'peer.stuffing'(origin, connections, { emails, password }) {
    const guess = stuffing(emails, password, (email, word) => signIn(origin, email, word));
    return crew(connections, () => {
      let kind = '';
      return {
        next: () => {
          const drawn = guess();
          kind = drawn.kind;
          return drawn.request;
        },
        check: ({ status }) => {
          expect(status === (kind === 'right' ? 200 : 401), `${kind} answered wrongly`);
          return kind;
        },
      };
    });
  },
};

/**
 * Ten sign-ins in turn: one right, the others by halves wrong and unknown, spread over as many accounts as there are, since per-account
 * delays are not what is measured here.
 *
 * @param {string[]} emails @param {string} password @param {(email: string, password: string) => string} request
 */
export function stuffing(emails, password, request) {
  const person = dealer(emails);
  let at = 0;
  return () => {
    const turn = at++;
    if (turn % 10 === 0) return { kind: 'right', request: request(person(), password) };
    if (turn % 2 === 0) return { kind: 'wrong', request: request(person(), `guess-${turn}-of-Nobody`) };
    return { kind: 'unknown', request: request(`nobody${turn}@${person().split('@')[1]}`, `guess-${turn}-of-Nobody`) };
  };
}
