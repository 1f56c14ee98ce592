import { VONAGE } from '../vendor/vendor.mjs';
import { PASSWORD, person, COMPANIES } from './people.mjs';

const SCOPES = ['verifications:send', 'verifications:check', 'verifications:read'];

/**
 * Companies that text: each has a provider and an API key. Their admins are among those with the cheap hash.
 *
 * @param {string} origin @param {number} count @param {{ from?: number, perSecond?: number }} [options] `perSecond`: what the company says of its provider
 * @returns {Promise<string[]>} API keys
 */
export async function makeSenders(origin, count, { from = 0, perSecond } = {}) {
  const keys = [];
  for (let at = 0; at < count; at++) {
    let token = '';
    const call = async (/** @type {string} */ method, /** @type {string} */ path, /** @type {object} */ content) => {
      const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
      const init = { method, headers, body: JSON.stringify(content) };
      const response = await fetch(origin + path, init);
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status} ${text}`);
      return JSON.parse(text);
    };
    const admin = person((from + at) * 3 + 1, COMPANIES);
    token = (await call('POST', '/api/auth/login', { ...admin, password: PASSWORD })).access_token;
    await call('PATCH', '/api/company', { policy: { default_region: 'ES' } });
    await call('PUT', '/api/company/channels/vonage-sms', { settings: VONAGE, ...(perSecond && { rate_per_second: perSecond }) });
    keys.push((await call('POST', '/api/company/api-keys', { name: 'Bench', scopes: SCOPES })).key);
  }
  return keys;
}
