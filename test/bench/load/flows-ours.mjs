import { header, payload } from './http-connection.mjs';
import { crew, dealer, expect, stuffing } from './flows-peer.mjs';
import { each } from './loops.mjs';
import { codeOf, currentStep } from './totp.mjs';

/**
 * @typedef {import('./http-connection.mjs').Response} Response
 * @typedef {import('./loops.mjs').Worker} Worker
 * @typedef {{ email: string, company_domain: string }} Person
 * @typedef {{ people: Person[], password: string, totpKey?: string, operations?: number, sessions?: number, flooded?: boolean }} Input
 */

/** Codes that one person can spend within a window. */
const CODES_EACH = 2;

/** @param {Person} person @param {string} password */
const login = (person, password) => payload('POST', '/api/auth/login', { body: { ...person, password } });
const refresh = (/** @type {string} */ token) => payload('POST', '/api/auth/refresh', { body: { refresh_token: token } });
const bearer = (/** @type {string} */ token) => ({ authorization: `Bearer ${token}` });

/** Cheaper than parsing the whole answer, on a machine the servers share. @param {string} body @param {string} name */
export function text(body, name) {
  const at = body.indexOf(`"${name}":"`);
  if (at < 0) return '';
  const from = at + name.length + 4;
  return body.slice(from, body.indexOf('"', from));
}

/** @param {string} origin @param {Person[]} people @param {string} password */
const signInAll = (origin, people, password) =>
  each(origin, people, async (send, person) => {
    const { status, body } = await send(login(person, password));
    expect(status === 200, `signing ${person.email} in answered ${status} ${body}`);
    return body;
  });

export const flows = {
  /** @param {string} origin @param {number} connections @param {Input} input */
  async 'ours.login'(origin, connections, { people, password }) {
    const next = dealer(people.map((person) => login(person, password)));
    const check = (/** @type {Response} */ { status, body }) => expect(status === 200 && text(body, 'refresh_token') !== '', 'no session');
    return crew(connections, () => ({ next, check }));
  },

  /** @param {string} origin @param {number} connections @param {Input} input */
  async 'ours.session'(origin, connections, { people, password, sessions = 512 }) {
    const signedIn = await signInAll(origin, people.slice(0, sessions), password);
    const next = dealer(signedIn.map((body) => payload('GET', '/api/users/me', { headers: bearer(text(body, 'access_token')) })));
    const check = (/** @type {Response} */ { status, body }) => expect(status === 200 && body.includes('"company_id":"'), 'no session');
    return crew(connections, () => ({ next, check }));
  },

  /** Each connection keeps a session and presents what the last rotation gave it. @param {string} origin @param {number} connections @param {Input} input */
  async 'ours.refresh'(origin, connections, { people, password }) {
    const signedIn = await signInAll(origin, people.slice(0, connections), password);
    return signedIn.map((first) => {
      let token = text(first, 'refresh_token');
      return {
        next: () => refresh(token),
        check(/** @type {Response} */ { status, body }) {
          const successor = text(body, 'refresh_token');
          expect(status === 200 && successor !== '' && successor !== token, 'not rotated');
          token = successor;
        },
      };
    });
  },

  /** @param {string} origin @param {number} connections @param {Input} input */
  async 'ours.challenge'(origin, connections, { people, password }) {
    const next = dealer(people.map((person) => login(person, password)));
    const check = (/** @type {Response} */ { status, body }) =>
      expect(status === 200 && body.includes('"mfa_required":true'), 'no challenge');
    return crew(connections, () => ({ next, check }));
  },

  /**
   * Sign-ins happen before the window; only the verification is measured. A code works once and ±1 step is allowed, so each person can be
   * verified twice: with the code of this step, then of the next. Not of the step before: it would be too old if the step ended on the way.
   *
   * @param {string} origin @param {number} connections @param {Input} input
   */
  async 'ours.totp'(origin, connections, { people, password, totpKey = '', operations = 0 }) {
    const key = Buffer.from(totpKey, 'base64');
    const due = Array.from(
      { length: Math.min(operations, CODES_EACH * people.length) },
      (_, index) => /** @type {Person} */ (people[index % people.length]),
    );
    const pending = (await signInAll(origin, due, password)).map((body) => text(body, 'mfa_token'));
    let at = 0;
    const next = () => {
      const mfa_token = pending[at];
      if (mfa_token === undefined) return undefined;
      const pass = Math.floor(at++ / people.length);
      return payload('POST', '/api/auth/verify-mfa', { body: { code: codeOf(key, currentStep() + pass), mfa_token } });
    };
    const check = (/** @type {Response} */ { status, body }) =>
      expect(status === 200 && text(body, 'refresh_token') !== '', 'not verified');
    return crew(connections, () => ({ next, check }));
  },

  /**
   * Nine in ten are guesses. A full queue may answer 503 if it says when to come back; in a flood so may an account's growing delay (429).
   * @param {string} _origin @param {number} connections @param {Input} input
   */
  async 'ours.stuffing'(_origin, connections, { people, password, flooded = false }) {
    const domains = new Map(people.map(({ email, company_domain }) => [email.split('@')[1], company_domain]));
    const request = (/** @type {string} */ email, /** @type {string} */ word) =>
      login({ email, company_domain: domains.get(email.split('@')[1]) ?? '' }, word);
    const guess = stuffing(
      people.map(({ email }) => email),
      password,
      request,
    );
    return crew(connections, () => {
      let kind = '';
      return {
        next: () => {
          const drawn = guess();
          kind = drawn.kind;
          return drawn.request;
        },
        check(response) {
          if (response.status === 503 || (flooded && response.status === 429)) {
            expect(Number(header(response, 'retry-after')) > 0, 'no Retry-After');
            return `${response.status} with Retry-After`;
          }
          expect(response.status === (kind === 'right' ? 200 : 401), `${kind} answered wrongly`);
          return kind;
        },
      };
    });
  },

  /** Pages of 50 back from the newest, fifteen deep, then from the top again. @param {string} origin @param {number} connections @param {Input} input */
  async 'ours.audit'(origin, connections, { people, password }) {
    const [admin] = await signInAll(origin, people.slice(0, 1), password);
    const headers = bearer(text(admin ?? '', 'access_token'));
    return crew(connections, () => {
      let cursor = '';
      let depth = 0;
      return {
        next: () => payload('GET', `/api/audit?limit=50${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { headers }),
        check({ status, body }) {
          cursor = text(body, 'next_cursor');
          expect(status === 200 && cursor !== '', 'no full page');
          if (++depth % 15 === 0) cursor = '';
        },
      };
    });
  },

  /** @param {string} _origin @param {number} connections */
  async 'floor.hello'(_origin, connections) {
    const request = payload('GET', '/hello');
    const check = (/** @type {Response} */ { status, body }) => expect(status === 200 && body.includes('hello'), 'no hello');
    return crew(connections, () => ({ next: () => request, check }));
  },
};
