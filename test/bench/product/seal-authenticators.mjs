// Runs with the product's own settings, so that its own code can seal the state of each authenticator for its place.
import pg from 'pg';
import { sealState } from '../../../dist/libs/mfa/enrolled-factor.entity.js';
import { TOTP_KEY } from './people.mjs';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const bits = [...TOTP_KEY].map((byte) => byte.toString(2).padStart(8, '0')).join('');
const secret = (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five, 2)]).join('');

const client = new pg.Client({ connectionString: process.env.SUPERUSER_URL });
await client.connect();
const { rows } = await client.query(
  `select uuidv7() as id, tenant_id, id as user_id from user_account where substring(email from 2 for position('@' in email) - 2)::int % 3 = 2`,
);
const states = rows.map(({ id, tenant_id }) => sealState(tenant_id, id, { secret, lastStep: 0 }));
await client.query(
  `insert into mfa_factor (id, tenant_id, user_id, type, state, confirmed_at)
   select x.id, x.tenant_id, x.user_id, 'totp', x.state, now() from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) as x (id, tenant_id, user_id, state)`,
  [rows.map(({ id }) => id), rows.map(({ tenant_id }) => tenant_id), rows.map(({ user_id }) => user_id), states],
);
await client.query('create schema bench');
await client.query('create table bench.factor as select id, state from mfa_factor');
await client.query('alter table bench.factor add primary key (id)');
await client.query('vacuum analyze');
await client.end();
process.exit(0);
