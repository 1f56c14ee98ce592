import { setTimeout as sleep } from 'node:timers/promises';
import { cookies, payload } from './http-connection.mjs';
import { crew, dealer, expect, signIn } from './flows-peer.mjs';
import { text } from './flows-ours.mjs';
import { each } from './loops.mjs';
import { stamp } from './stamp.mjs';

/**
 * @typedef {import('./http-connection.mjs').Response} Response
 * @typedef {{ keys: string[], operations?: number, vendor?: string, stamped?: boolean, address?: string, id?: string, code?: string, first?: number }} Input
 * @typedef {{ emails: string[], password: string, operations?: number }} PeerInput
 */

const CODE = '482913';
const headers = (/** @type {string} */ key, /** @type {string} */ address = '') => ({
  authorization: `Bearer ${key}`,
  ...(address && { 'x-forwarded-for': address }),
});

/** Spanish mobile numbers, one after the other from a random one: ten ranges of numbers in each company. @returns {() => string} */
function numbers() {
  let at = Math.floor(Math.random() * 1e7);
  return () => `+3461${String((at = (at + 1_000_003) % 1e7)).padStart(7, '0')}`;
}

/** @param {string} key @param {string} to @param {string} [code] @param {string} [address] */
const send = (key, to, code, address) =>
  payload('POST', '/api/verifications', {
    headers: headers(key, address),
    body: { channel: 'sms', to, ...(code && { code }), expires_in: 600 },
  });
const check = (/** @type {string} */ key, /** @type {string} */ id, /** @type {string} */ code) =>
  payload('POST', `/api/verifications/${id}/check`, { headers: headers(key), body: { code } });

/** Until the vendor has had all of them: deliveries are not to fall into the window. @param {string} vendor @param {number} count */
async function untilTaken(vendor, count) {
  for (let patience = 600; patience > 0; patience--) {
    const { taken } = /** @type {any} */ (await (await fetch(`${vendor}/book`)).json());
    if (taken >= count) return;
    await sleep(100);
  }
  throw new Error(`the vendor has not had ${count} messages`);
}

export const flows = {
  /** @param {string} _origin @param {number} connections @param {Input} input */
  async 'ours.otp.send'(_origin, connections, { keys, stamped = false }) {
    const [key, number] = [dealer(keys), numbers()];
    const next = () => send(key(), number(), stamped ? stamp() : undefined);
    const sent = (/** @type {Response} */ { status, body }) => expect(status === 201 && text(body, 'id') !== '', 'not sent');
    return crew(connections, () => ({ next, check: sent }));
  },

  /** So many and no more, each with a code of its own. @param {string} _origin @param {number} connections @param {Input} input */
  async 'ours.otp.backlog'(_origin, connections, { keys, operations = 0, first = 0 }) {
    const [key, number] = [dealer(keys), numbers()];
    let at = 0;
    const next = () => (at < operations ? send(key(), number(), `B${String(first + at++).padStart(7, '0')}`) : undefined);
    const sent = (/** @type {Response} */ { status }) => expect(status === 201, 'not sent');
    return crew(connections, () => ({ next, check: sent }));
  },

  /** Codes go out before the window; only checking them is measured. @param {string} origin @param {number} connections @param {Input} input */
  async 'ours.otp.check'(origin, connections, { keys, operations = 0, vendor = '' }) {
    await fetch(`${vendor}/book`, { method: 'POST', body: '{"perSecond":null}' });
    const [key, number] = [dealer(keys), numbers()];
    const due = await each(origin, Array.from({ length: operations }, key), async (ask, from) => {
      const { status, body } = await ask(send(from, number(), CODE));
      expect(status === 201, `sending answered ${status} ${body}`);
      return check(from, text(body, 'id'), CODE);
    });
    await untilTaken(vendor, operations);
    let at = 0;
    const right = (/** @type {Response} */ { status, body }) => expect(status === 200 && body.includes('"valid":true'), 'not valid');
    return crew(connections, () => ({ next: () => due[at++], check: right }));
  },

  /** Each connection guesses once at one and the same verification; one of them is right. @param {string} _origin @param {number} connections @param {Input} input */
  async 'ours.otp.guess'(_origin, connections, { keys, id = '', code = '' }) {
    const lucky = Math.floor(Math.random() * connections);
    let at = 0;
    return crew(connections, () => {
      const mine = at++;
      let guess = /** @type {string | undefined} */ (check(keys[0] ?? '', id, mine === lucky ? code : String(100_000 + mine)));
      return {
        next() {
          const request = guess;
          guess = undefined;
          return request;
        },
        check({ status, body }) {
          if (status === 429 || status === 503) return `${status}`;
          expect(status === 200, 'a guess answered wrongly');
          return body.includes('"valid":true') ? 'valid' : text(body, 'status');
        },
      };
    });
  },

  /** A company that does not heed its limit. It has used it up already when the window begins. @param {string} origin @param {number} connections @param {Input} input */
  async 'ours.otp.noisy'(origin, connections, { keys, address = '', operations = 0 }) {
    const [key, number] = [keys[0] ?? '', numbers()];
    const look = payload('GET', '/api/verifications/00000000-0000-7000-8000-000000000000', { headers: headers(key, address) });
    await each(origin, Array.from({ length: operations }), async (ask) => {
      await ask(look);
    });
    return crew(connections, () => ({
      next: () => send(key, number(), undefined, address),
      check({ status }) {
        expect(status === 201 || status === 429, 'neither sent nor refused');
        return status === 429 ? '429' : '201';
      },
    }));
  },

  /** @param {string} _origin @param {number} connections @param {Input} input */
  async 'ours.otp.steady'(_origin, connections, { keys, address = '' }) {
    const number = numbers();
    const sent = (/** @type {Response} */ { status }) => expect(status === 201, 'not sent');
    return crew(connections, () => ({ next: () => send(keys[0] ?? '', number(), undefined, address), check: sent }));
  },

  /** @param {string} origin @param {number} connections @param {PeerInput} input */
  async 'peer.otp.send'(origin, connections, { emails, password }) {
    const pending = await each(origin, emails.slice(0, 512), async (ask, email) => cookies(await ask(signIn(origin, email, password))));
    const next = dealer(
      pending.map((cookie) => payload('POST', '/api/auth/two-factor/send-otp', { headers: { origin, cookie }, body: {} })),
    );
    const sent = (/** @type {Response} */ { status, body }) => expect(status === 200 && body.includes('"status":true'), 'not sent');
    return crew(connections, () => ({ next, check: sent }));
  },

  /** Signing in and sending happen before the window. @param {string} origin @param {number} connections @param {PeerInput} input */
  async 'peer.otp.verify'(origin, connections, { emails, password, operations = 0 }) {
    const due = Array.from({ length: operations }, (_, index) => /** @type {string} */ (emails[index % emails.length]));
    const requests = await each(origin, due, async (ask, email) => {
      const cookie = cookies(await ask(signIn(origin, email, password)));
      await ask(payload('POST', '/api/auth/two-factor/send-otp', { headers: { origin, cookie }, body: {} }));
      const { body: code } = await ask(payload('GET', `/bench/otp?${email}`));
      return payload('POST', '/api/auth/two-factor/verify-otp', { headers: { origin, cookie }, body: { code } });
    });
    let at = 0;
    const verified = (/** @type {Response} */ { status, body }) => expect(status === 200 && body.includes('"token":"'), 'not verified');
    return crew(connections, () => ({ next: () => requests[at++], check: verified }));
  },
};
