-- Whose a passkey is, before anybody knows whose company it is; and that it is nobody else's, in any of them.
create table directory.passkey (
  credential_mac bytea primary key check (length(credential_mac) = 32),
  tenant_id uuid not null,
  user_id uuid not null,
  factor_id uuid not null
);
create function private.passkey_listed() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op <> 'INSERT' then delete from directory.passkey p where p.factor_id = old.id and p.credential_mac = old.credential_mac; end if;
  if tg_op <> 'DELETE' and new.credential_mac is not null then
    insert into directory.passkey (credential_mac, tenant_id, user_id, factor_id) values (new.credential_mac, new.tenant_id, new.user_id, new.id);
  end if;
  return null;
end $$;
create trigger passkey_listed after insert or delete or update of credential_mac on public.mfa_factor
  for each row execute function private.passkey_listed();

-- A challenge is made without writing anything down: a MAC says that it is ours, what for, and until when. That it was used is written here, by
-- whoever has a credential that is known, until it would be over anyway.
create table directory.spent_challenge (id uuid primary key, expires_at timestamptz not null);
create index spent_challenge_expiry on directory.spent_challenge (expires_at);

-- Once, whoever comes at the same time: the second waits for the first, and is told so.
create function private.challenge_spend(p_id uuid, p_expires timestamptz) returns boolean language plpgsql as $$
begin
  if p_id is null or p_expires <= clock_timestamp() then return false; end if;
  -- Two that were spent leave for each that comes, and so none stay for long.
  delete from directory.spent_challenge c
   where c.id in (select x.id from directory.spent_challenge x where x.expires_at < now() - interval '1 minute' order by x.expires_at limit 2 for update skip locked);
  insert into directory.spent_challenge (id, expires_at) values (p_id, p_expires) on conflict do nothing;
  return found;
end $$;

-- app.factor_attempt for an answer that was signed: its challenge is spent before anything is looked at, and the credential says which factor of
-- the person's is meant; p_factor, while that is being set up. Whatever is wrong with either counts as a wrong answer.
-- status: as there, and 'challenge_over'.
create function app.signed_attempt(
  p_tenant text, p_user uuid, p_sign_in uuid, p_types text[], p_factor uuid, p_pending boolean, p_credential_mac bytea, p_challenge uuid, p_expires timestamptz
) returns table (
  status text, retry_after integer, email text, role text, device_name text, "now" timestamptz, policy jsonb, factors jsonb
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_spent boolean := private.challenge_spend(p_challenge, p_expires);
  v_factor uuid;
begin
  if v_spent and p_pending then
    v_factor := p_factor;
  elsif v_spent then
    select f.id into v_factor from public.mfa_factor f
     where f.tenant_id = v_tenant and f.user_id = p_user and f.credential_mac = p_credential_mac and f.confirmed_at is not null;
  end if;
  return query
    select case when a.status = 'no_factor' and not v_spent then 'challenge_over' else a.status end,
           a.retry_after, a.email, a.role, a.device_name, a."now", a.policy, a.factors
      -- No factor is the one of no id, and the attempt counts on the person and the sign-in.
      from app.factor_attempt(p_tenant, p_user, p_sign_in, p_types, coalesce(v_factor, '00000000-0000-0000-0000-000000000000'), p_pending) a;
end $$;

-- A sign-in that begins with a passkey. status: 'unknown' (nothing is written), 'challenge_over', 'begun': a sign-in stands for as long as it takes
-- to look at the answer, and ends as all do, in app.factor_settle.
create function app.passkey_sign_in_begin(
  p_credential_mac bytea, p_proof text, p_challenge uuid, p_expires timestamptz, p_sign_in uuid, p_device_name text
) returns table (status text, tenant_id uuid, user_id uuid, factor_id uuid, email_verified boolean, policy jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('lookup:passkey:' || encode(p_credential_mac, 'hex'), p_proof) then
    raise exception 'this lookup is not signed' using errcode = '42501';
  end if;
  select p.tenant_id, p.user_id, p.factor_id into tenant_id, user_id, factor_id from directory.passkey p where p.credential_mac = p_credential_mac;
  status := case when not found then 'unknown' when private.challenge_spend(p_challenge, p_expires) then 'begun' else 'challenge_over' end;
  if status = 'begun' then
    perform set_config('app.bound', tenant_id::text, true);
    insert into public.sign_in (id, tenant_id, user_id, device_name, expires_at)
    values (p_sign_in, passkey_sign_in_begin.tenant_id, passkey_sign_in_begin.user_id, p_device_name, now() + interval '1 minute');
    select u.email_verified_at is not null, c.policy into email_verified, policy
      from public.user_account u join public.tenant c on c.id = u.tenant_id
     where u.id = passkey_sign_in_begin.user_id and u.tenant_id = passkey_sign_in_begin.tenant_id;
  end if;
  return next;
end $$;

-- As app.factor_settle, where policy demands a passkey and none is set up: instead of a session, a sign-in that may set one up.
create function app.factor_settle_enrolment(
  p_tenant text, p_user uuid, p_sign_in uuid, p_factor uuid, p_version integer, p_state text, p_challenge uuid, p_beside uuid[],
  p_next uuid, p_seconds integer, p_device_name text, p_origin jsonb
) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_outcome text := private.sign_in_proven(v_tenant, p_user, p_sign_in, p_factor, p_version, p_state, p_challenge, p_beside, null, p_origin);
begin
  if v_outcome <> 'proven' then return v_outcome; end if;
  insert into public.sign_in (id, tenant_id, user_id, device_name, passkey_due, expires_at)
  values (p_next, v_tenant, p_user, p_device_name, true, now() + p_seconds * interval '1 second');
  perform private.audit_put(v_tenant, 'auth.passkey_due', 'success', 'user', p_user, null, p_factor, p_origin, null);
  return 'opened';
end $$;

-- A factor that may be in two hands answers nothing any more, and an answer that was just looked at is stale.
create function app.factor_rest(p_tenant text, p_user uuid, p_factor uuid, p_reason text, p_origin jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_type text;
begin
  update public.mfa_factor f set disabled_at = now(), version = f.version + 1
   where f.id = p_factor and f.tenant_id = v_tenant and f.user_id = p_user and f.disabled_at is null
  returning f.type into v_type;
  if not found then return false; end if;
  perform private.audit_put(v_tenant, 'mfa.factor_ended', 'failure', 'system', null, null, p_factor, p_origin,
    jsonb_build_object('type', v_type, 'reason', p_reason, 'user_id', p_user));
  return true;
end $$;
