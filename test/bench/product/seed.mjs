import { hash } from '@node-rs/argon2';
import { BUSY_COMPANY, domainOf, PASSWORD } from './people.mjs';

const argon2 = (/** @type {number} */ memoryCost, /** @type {number} */ timeCost) =>
  hash(PASSWORD, { memoryCost, timeCost, parallelism: 1, outputLen: 32 });

/**
 * Fills a migrated database as its superuser: companies, people, a session each, an audit trail. Sealing the trail is the worker's business
 * and not measured here, so the seeded part of it is not queued for sealing.
 *
 * @param {import('pg').Client} client
 * @param {{ users: number, companies: number, events: number, busyEvents: number }} size `events` over all companies, `busyEvents` more in one
 */
export async function seed(client, { users, companies, events, busyEvents }) {
  const hashes = [await argon2(19456, 2), await argon2(8, 1), await argon2(8, 1)];
  await client.query(
    `insert into tenant (id, name, domain) select uuidv7(), 'Company ' || c, replace($2, '#', c::text) from generate_series(0, $1::int - 1) c`,
    [companies, domainOf(/** @type {any} */ ('#'))],
  );
  await client.query(
    "create temporary table company as select id, substring(domain from 2 for position('.' in domain) - 2)::int as number from tenant",
  );
  await client.query('analyze company');
  await client.query(
    `insert into user_account (id, tenant_id, email, email_canonical, email_verified_at, full_name, role, password_hash, created_at)
     select uuidv7(), company.id, email, email, now(), 'User ' || i, case when i < $2::int then 'admin' else 'user' end, ($3::text[])[1 + i % 3], now()
       from generate_series(0, $1::int - 1) i
       join company on company.number = i % $2::int
       cross join lateral (select 'u' || i || '@' || replace($4, '#', (i % $2::int)::text) as email) mail`,
    [users, companies, hashes, domainOf(/** @type {any} */ ('#'))],
  );
  await client.query(
    `insert into session (id, tenant_id, user_id, token_hash, amr, acr, expires_at)
     select uuidv7(), tenant_id, id, sha256(uuid_send(id)), '{pwd}', 'aal1', now() + interval '7 days' from user_account`,
  );
  await seedAudit(client, { users, companies, events, busyEvents });
  await client.query('vacuum analyze');
}

/** @param {import('pg').Client} client @param {{ users: number, companies: number, events: number, busyEvents: number }} size */
async function seedAudit(client, { users, companies, events, busyEvents }) {
  await client.query('set session_replication_role = replica');
  await client.query('create temporary table actor as select row_number() over (order by id) - 1 as n, id, tenant_id from user_account');
  await client.query('create index on actor (n)');
  await client.query('analyze actor');
  const columns = '(id, tenant_id, created_at, action, outcome, actor_id, ip_address, user_agent, request_id)';
  const values = `uuidv7(make_interval(secs => (i - $1::int) * 0.01)), actor.tenant_id, now() + make_interval(secs => (i - $1::int) * 0.01),
    (array['auth.signed_in', 'auth.session_refreshed', 'auth.second_factor_due'])[1 + i % 3], 'success', actor.id, '127.0.0.1', 'watchword-bench', uuidv7()::text`;
  await client.query(
    `insert into audit_event ${columns} select ${values} from generate_series(1, $1::int) i join actor on actor.n = i % $2::int`,
    [events, users],
  );
  await client.query(
    `insert into audit_event ${columns} select ${values} from generate_series(1, $1::int) i
       join actor on actor.n = (select n from actor a join company c on c.id = a.tenant_id where c.number = $2::int order by n limit 1)`,
    [busyEvents, BUSY_COMPANY % companies],
  );
  await client.query('set session_replication_role = origin');
}
