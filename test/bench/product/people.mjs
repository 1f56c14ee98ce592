/** Who is in our database. `seed.mjs` makes them, the loads sign them in. */
export const PASSWORD = 'Brisk-otter-7-lantern';
export const COMPANIES = 200;
/** The key of everybody's authenticator: 20 bytes, as the product makes them. */
export const TOTP_KEY = Buffer.from('watchword-bench-seed');

/** The company whose audit trail is long; its admin is person 1. */
export const BUSY_COMPANY = 1;

export const domainOf = (/** @type {number} */ company) => `c${company}.example.com`;

/** @param {number} index @param {number} companies */
export const person = (index, companies) => ({
  email: `u${index}@${domainOf(index % companies)}`,
  company_domain: domainOf(index % companies),
});

/**
 * People by thirds: `full` has the product's own Argon2id hash, `cheap` one that costs nothing, which shows everything but the hash, and
 * `enrolled` a cheap hash and an authenticator.
 *
 * @param {'full' | 'cheap' | 'enrolled'} kind @param {number} users @param {number} [companies]
 */
export function people(kind, users, companies = COMPANIES) {
  const remainder = { full: 0, cheap: 1, enrolled: 2 }[kind];
  return Array.from({ length: Math.ceil((users - remainder) / 3) }, (_, index) => person(index * 3 + remainder, companies));
}
