-- A person has a second factor when a confirmed one stands: kept here, so that no path can forget it. Backup codes alone are none.
create function app.mfa_enabled_kept() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_user uuid := case when tg_op = 'DELETE' then old.user_id else new.user_id end;
begin
  update public.user_account u
     set mfa_enabled = exists (select from public.mfa_factor f where f.user_id = v_user and f.confirmed_at is not null and f.type <> 'backup_codes'),
         has_passkey = exists (select from public.mfa_factor f where f.user_id = v_user and f.confirmed_at is not null and f.type = 'webauthn')
   where u.id = v_user;
  return null;
end $$;
create trigger mfa_enabled_kept after insert or delete or update of confirmed_at on public.mfa_factor
  for each row execute function app.mfa_enabled_kept();

-- Second factor, first trip: counts the attempt, committed before the code is looked at, on the sign-in (5), on the person (growing
-- delay) and on the factor (disabled at 100, NIST SP 800-63B-4 §3.2.2), and hands out the factors' states.
-- status: 'counted', 'blocked' (retry_after), 'exhausted', 'gone', 'no_factor'. p_sign_in null: a signed-in person proves a factor again.
-- p_pending: the factor named is being set up.
create function app.factor_attempt(p_tenant text, p_user uuid, p_sign_in uuid, p_types text[], p_factor uuid, p_pending boolean) returns table (
  status text, retry_after integer, email text, role text, device_name text, "now" timestamptz, policy jsonb, factors jsonb
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  "now" := clock_timestamp();
  select u.email, u.role, jsonb_build_object('totpWindow', coalesce((c.policy ->> 'totp_window')::integer, 1)) into email, role, policy
    from public.user_account u join public.tenant c on c.id = u.tenant_id where u.id = p_user and u.tenant_id = v_tenant and u.is_active;
  if not found then status := 'gone'; return next; return; end if;
  if p_sign_in is not null then
    update public.sign_in s set attempts = s.attempts + 1
     where s.id = p_sign_in and s.tenant_id = v_tenant and s.user_id is not distinct from p_user and s.consumed_at is null and s.attempts < 5 and s.expires_at > pg_catalog.now()
    returning s.device_name into device_name;
    if not found then
      status := case when exists (select from public.sign_in s where s.id = p_sign_in and s.tenant_id = v_tenant and s.attempts >= 5) then 'exhausted' else 'gone' end;
      return next; return;
    end if;
  end if;
  -- Sign-in, factors, person, counter: every function locks in this order, or two of them end in a deadlock.
  perform from public.mfa_factor f
    where f.tenant_id = v_tenant and f.user_id = p_user and f.disabled_at is null and (f.confirmed_at is null) = p_pending
      and (p_types is null or f.type = any (p_types)) and (p_factor is null or f.id = p_factor)
    order by f.id for no key update;
  retry_after := private.attempt_take(private.attempt_key(v_tenant, 'mfa', p_user::text));
  if retry_after is not null then status := 'blocked'; return next; return; end if;
  with counted as (
    update public.mfa_factor f
       set failures = f.failures + 1, disabled_at = case when f.failures + 1 >= 100 then pg_catalog.now() end
     where f.tenant_id = v_tenant and f.user_id = p_user and f.disabled_at is null and f.failures < 100 and (f.confirmed_at is null) = p_pending
       and (p_types is null or f.type = any (p_types)) and (p_factor is null or f.id = p_factor)
    returning f.id, f.type, f.state, f.version)
  select jsonb_agg(jsonb_build_object('id', c.id, 'type', c.type, 'state', c.state, 'version', c.version)) into factors from counted c;
  status := case when factors is null then 'no_factor' else 'counted' end;
  return next;
end $$;

-- Second factor, second trip, after a right code: the factor moves to its next state only from the one that was looked at, so that a
-- code works once however many requests race; the sign-in is consumed; a session opens. 'opened', 'stale', 'gone'.
create function app.factor_settle(
  p_tenant text, p_user uuid, p_sign_in uuid, p_factor uuid, p_version integer, p_state text,
  p_session uuid, p_token_hash bytea, p_amr text[], p_acr text, p_seconds integer, p_device_name text, p_origin jsonb
) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  perform from public.sign_in s
    where s.id = p_sign_in and s.tenant_id = v_tenant and s.user_id is not distinct from p_user and s.consumed_at is null and s.expires_at > now() for update;
  if not found then return 'gone'; end if;
  update public.mfa_factor f set state = p_state, version = f.version + 1, failures = 0, disabled_at = null, last_used_at = now()
   where f.id = p_factor and f.tenant_id = v_tenant and f.user_id = p_user and f.version = p_version and f.confirmed_at is not null;
  if not found then return 'stale'; end if;
  update public.user_account u set last_login_at = now() where u.id = p_user and u.tenant_id = v_tenant and u.is_active;
  if not found then raise exception 'the account was disabled' using errcode = 'WW001'; end if;
  update public.sign_in s set consumed_at = clock_timestamp() where s.id = p_sign_in and s.tenant_id = v_tenant;
  perform private.attempt_clear(private.attempt_key(v_tenant, 'mfa', p_user::text));
  perform private.session_open(v_tenant, p_user, p_session, p_token_hash, p_amr, p_acr, p_seconds, p_device_name, p_origin);
  return 'opened';
end $$;

-- Deletes what has been over for long. Runs as the owner, whom the policies "retention" let see such rows and no others.
create function app.purge_expired() returns table (sessions bigint, sign_ins bigint, attempts bigint) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  with gone as (delete from public.session where id in (select id from public.session where expires_at < now() - interval '30 days' limit 10000) returning 1)
  select count(*) into sessions from gone;
  with gone as (delete from public.sign_in where id in (select id from public.sign_in where expires_at < now() - interval '1 day' limit 10000) returning 1)
  select count(*) into sign_ins from gone;
  with gone as (delete from directory.attempt where touched_at < now() - interval '30 days' returning 1) select count(*) into attempts from gone;
  return next;
end $$;

-- A sign-in that policy sends to set up its first factor, or its first passkey: good until one is confirmed.
create function app.enrolment_check(p_tenant text, p_sign_in uuid, p_user uuid) returns table (email text, company_name text, locale text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  return query select u.email, c.name, u.locale
    from public.sign_in s join public.user_account u on u.id = s.user_id and u.tenant_id = s.tenant_id join public.tenant c on c.id = s.tenant_id
   where s.id = p_sign_in and s.tenant_id = v_tenant and s.user_id is not distinct from p_user and s.consumed_at is null and s.expires_at > now()
     and u.is_active and (not u.mfa_enabled or (s.passkey_due and not u.has_passkey));
end $$;
