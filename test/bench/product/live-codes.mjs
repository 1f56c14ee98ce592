/** Empties what is known of verifications, then makes so many that wait for their code. @param {import('pg').Client} client @param {number} count */
export async function liveCodes(client, count) {
  await client.query('truncate public.verification, public.delivery, public.delivery_attempt, public.delivery_receipt, directory.due');
  await client.query(
    `insert into public.verification
       (id, tenant_id, purpose, subject, code_mac, code, workflow, locale, channel_timeout, resend_after, expires_at)
     select uuidv7(), t.id, 'api', md5(i::text), sha256(i::text::bytea), repeat('x', 80),
            '[{"channel":"sms","to":"x","masked":"x","mac":"x","country":"ES","prefix":"+34612","provider":null}]', 'en', 60, now(), now() + interval '10 minutes'
       from generate_series(1, $1::int) i join (select id, row_number() over () as n from tenant) t on t.n = 1 + i % 100`,
    [count],
  );
  await client.query(
    `insert into directory.due (id, tenant_id, kind, due_at) select id, tenant_id, 'verification', expires_at from public.verification`,
  );
  await client.query('vacuum analyze public.verification');
  await client.query('vacuum analyze directory.due');
}
