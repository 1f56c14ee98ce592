-- Second factors whose code is sent. The code is a verification of purpose 'factor': its MAC, its life, its five attempts and its way to
-- the person are there; the factor says which one is out.
alter table public.mfa_factor
  -- Set where codes are sent to somewhere: what may be shown of it, and what it is found by when it is gone for good.
  add column recipient_masked text,
  add column recipient_mac text,
  -- The code that is out, or was last.
  add column verification_id uuid;
create index mfa_factor_recipient on public.mfa_factor (tenant_id, recipient_mac) where recipient_mac is not null;

-- A factor that goes takes its code along, whoever removes it and why.
create function private.factor_left() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform set_config('app.bound', old.tenant_id::text, true);
  perform private.challenge_end(old.tenant_id, old.verification_id);
  return null;
end $$;
create trigger left_with_its_code after delete on public.mfa_factor
  for each row when (old.verification_id is not null) execute function private.factor_left();

-- No code of this challenge is right any more, and none goes out.
create function private.challenge_end(p_tenant uuid, p_verification uuid) returns void language plpgsql as $$
begin
  update public.verification v
     set status = case when v.expires_at <= clock_timestamp() then 'expired' when v.attempts >= 5 then 'max_attempts_reached' else 'canceled' end,
         code = null, ended_at = clock_timestamp()
   where v.id = p_verification and v.tenant_id = p_tenant and v.status = 'pending';
  if found then perform private.verification_still(p_tenant, p_verification); end if;
end $$;

-- As before; and for a factor whose codes are sent, one more attempt of the code that is out. Such a factor has a part in the attempt only
-- while a code of this very sign-in (or of a signed-in person, for one) is out and has been looked at fewer than five times: no answer could have been meant for it
-- otherwise. Its MAC comes back beside its state.
create or replace function app.factor_attempt(p_tenant text, p_user uuid, p_sign_in uuid, p_types text[], p_factor uuid, p_pending boolean) returns table (
  status text, retry_after integer, email text, role text, device_name text, "now" timestamptz, policy jsonb, factors jsonb
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_out uuid[];
  v_codes jsonb := '{}';
begin
  "now" := clock_timestamp();
  select u.email, u.role, jsonb_build_object('totpWindow', coalesce((c.policy ->> 'totp_window')::integer, 1), 'sessionHours', c.policy -> 'session_hours',
                                             'phishingResistant', c.policy #>> array['mfa', u.role] = 'phishing_resistant', 'hasPasskey', u.has_passkey) into email, role, policy
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
  -- Sign-in, factors, person, counter, and a code only under its factor's lock: every function locks in this order, or two of them end in a deadlock.
  select array_agg(x.verification_id) filter (where x.verification_id is not null) into v_out
    from (select f.verification_id from public.mfa_factor f
           where f.tenant_id = v_tenant and f.user_id = p_user and f.disabled_at is null and (f.confirmed_at is null) = p_pending
             and (p_types is null or f.type = any (p_types)) and (p_factor is null or f.id = p_factor)
           order by f.id for no key update) x;
  retry_after := private.attempt_take(private.attempt_key(v_tenant, 'mfa', p_user::text));
  if retry_after is not null then status := 'blocked'; return next; return; end if;
  if v_out is not null then
    with looked_at as (
      -- Looked at for the last time, it is not sent again.
      update public.verification v set attempts = v.attempts + 1, code = case when v.attempts < 4 then v.code end
       where v.id = any (v_out) and v.tenant_id = v_tenant and v.purpose = 'factor' and v.user_id = p_user and v.sign_in_id is not distinct from p_sign_in
         and v.status = 'pending' and v.attempts < 5 and v.expires_at > clock_timestamp()
      returning v.id, v.code_mac)
    select coalesce(jsonb_object_agg(l.id, encode(l.code_mac, 'hex')), '{}') into v_codes from looked_at l;
  end if;
  with counted as (
    update public.mfa_factor f
       set failures = f.failures + 1, disabled_at = case when f.failures + 1 >= 100 then pg_catalog.now() end
     where f.tenant_id = v_tenant and f.user_id = p_user and f.disabled_at is null and f.failures < 100 and (f.confirmed_at is null) = p_pending
       and (p_types is null or f.type = any (p_types)) and (p_factor is null or f.id = p_factor)
       and (f.recipient_mac is null or v_codes ? f.verification_id::text)
    returning f.id, f.type, f.state, f.version, f.verification_id)
  select jsonb_agg(jsonb_build_object('id', c.id, 'type', c.type, 'state', c.state, 'version', c.version,
                                      'challenge', case when v_codes ? c.verification_id::text then c.verification_id end, 'mac', v_codes ->> c.verification_id::text))
    into factors from counted c;
  status := case when factors is null then 'no_factor' else 'counted' end;
  return next;
end $$;

-- A right answer, about to be spent: what it was counted on beside its own factor is given back, for no one failed there; and the code
-- that was sent, if one was, is approved, once, and wiped. False: that code is over, and all of it must be undone.
create function private.factor_used(
  p_tenant uuid, p_user uuid, p_factor uuid, p_challenge uuid, p_beside uuid[], p_session uuid, p_origin jsonb
) returns boolean language plpgsql as $$
declare
  v public.verification;
begin
  perform from public.mfa_factor f where f.tenant_id = p_tenant and f.user_id = p_user and (f.id = p_factor or f.id = any (p_beside)) order by f.id for no key update;
  update public.mfa_factor f set failures = greatest(f.failures - 1, 0), disabled_at = case when f.failures < 100 then f.disabled_at end
   where f.tenant_id = p_tenant and f.user_id = p_user and f.id = any (p_beside);
  if p_challenge is null then return true; end if;
  update public.verification x set status = 'approved', code = null, ended_at = clock_timestamp()
   where x.id = p_challenge and x.tenant_id = p_tenant and x.purpose = 'factor' and x.user_id = p_user and x.factor_id = p_factor
     and x.status = 'pending' and x.expires_at > clock_timestamp()
  returning * into v;
  if not found then return false; end if;
  perform private.verification_still(p_tenant, p_challenge);
  perform private.audit_put(p_tenant, 'verification.approved', 'success', 'user', p_user, p_session, p_challenge, p_origin,
    jsonb_build_object('attempts', v.attempts, 'status', 'approved', 'purpose', 'factor'));
  return true;
end $$;

-- The same inside a transaction of the apps' own, which moves the factor on by itself.
create function app.factor_used(p_tenant text, p_user uuid, p_factor uuid, p_challenge uuid, p_beside uuid[], p_session uuid, p_origin jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  return private.factor_used(private.bind(p_tenant), p_user, p_factor, p_challenge, p_beside, p_session, p_origin);
end $$;

-- A right answer ends the sign-in it was given to, once; what follows, the caller sees to. p_challenge: the code that was sent and is now spent;
-- p_beside: the factors that the answer was counted on beside its own; p_session: the one about to open, if one is. 'proven', 'stale', 'gone'.
create function private.sign_in_proven(
  p_tenant uuid, p_user uuid, p_sign_in uuid, p_factor uuid, p_version integer, p_state text, p_challenge uuid, p_beside uuid[], p_session uuid, p_origin jsonb
) returns text language plpgsql as $$
declare
  v_others uuid[];
  v_type text;
begin
  update public.sign_in s set consumed_at = clock_timestamp()
   where s.id = p_sign_in and s.tenant_id = p_tenant and s.user_id is not distinct from p_user and s.consumed_at is null and s.expires_at > now();
  if not found then return 'gone'; end if;
  select array_agg(f.verification_id) into v_others
    from public.mfa_factor f where f.tenant_id = p_tenant and f.user_id = p_user and f.id <> p_factor and f.verification_id is not null;
  if v_others is not null then
    perform from public.mfa_factor f
      where f.tenant_id = p_tenant and f.user_id = p_user and (f.id = p_factor or f.verification_id is not null) order by f.id for no key update;
  end if;
  if (p_challenge is not null or p_beside is not null)
     and not private.factor_used(p_tenant, p_user, p_factor, p_challenge, p_beside, p_session, p_origin) then
    raise exception 'this code is over' using errcode = 'WW002';
  end if;
  update public.mfa_factor f set state = p_state, version = f.version + 1, failures = 0, disabled_at = null, last_used_at = now()
   where f.id = p_factor and f.tenant_id = p_tenant and f.user_id = p_user and f.version = p_version and f.confirmed_at is not null
  returning f.type into v_type;
  if not found then
    if p_challenge is not null or p_beside is not null then raise exception 'the factor has moved on' using errcode = 'WW002'; end if;
    update public.sign_in s set consumed_at = null where s.id = p_sign_in and s.tenant_id = p_tenant;
    return 'stale';
  end if;
  -- Codes that were sent for this sign-in, and that it did not need, go nowhere any more.
  if v_others is not null then
    perform private.challenge_end(p_tenant, v.id)
       from public.verification v where v.id = any (v_others) and v.tenant_id = p_tenant and v.sign_in_id = p_sign_in and v.status = 'pending';
  end if;
  update public.user_account u set last_login_at = case when p_session is null then u.last_login_at else now() end
   where u.id = p_user and u.tenant_id = p_tenant and u.is_active;
  if not found then raise exception 'the account was disabled' using errcode = 'WW001'; end if;
  perform private.attempt_clear(private.attempt_key(p_tenant, 'mfa', p_user::text));
  if v_type = 'backup_codes' then
    perform private.audit_put(p_tenant, 'mfa.recovery_code_used', 'success', 'user', p_user, p_session, p_factor, p_origin, '{}');
  end if;
  return 'proven';
end $$;

-- As before, over that.
drop function app.factor_settle(text, uuid, uuid, uuid, integer, text, uuid, bytea, text[], text, integer, text, jsonb);
create function app.factor_settle(
  p_tenant text, p_user uuid, p_sign_in uuid, p_factor uuid, p_version integer, p_state text, p_challenge uuid, p_beside uuid[],
  p_session uuid, p_token_hash bytea, p_amr text[], p_acr text, p_seconds integer, p_device_name text, p_origin jsonb
) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_outcome text := private.sign_in_proven(v_tenant, p_user, p_sign_in, p_factor, p_version, p_state, p_challenge, p_beside, p_session, p_origin);
begin
  if v_outcome <> 'proven' then return v_outcome; end if;
  -- The trail says by which factor.
  perform private.session_open(v_tenant, p_user, p_session, p_token_hash, p_amr, p_acr, p_seconds, p_device_name,
    p_origin || jsonb_build_object('factor', (select f.type from public.mfa_factor f where f.id = p_factor and f.tenant_id = v_tenant)));
  return 'opened';
end $$;

-- Sends a code for a factor: the one that is out again while it lives, once the cooldown is over; else a new one, as Verifications made
-- it (p, see app.verification_create). One at a time for each factor, so that whoever comes twice is sent one. A code of another sign-in
-- is over once this one goes out. outcome: 'created', 'sent' (again), 'too_early' (seconds), 'too_many', 'blocked' (rule), 'over' (the sign-in), 'gone' (no such factor).
create function app.factor_challenge(
  p_tenant text, p_user uuid, p_sign_in uuid, p_factor uuid, p jsonb, p_cooldown integer, p_actor jsonb, p_origin jsonb, p_limits jsonb
) returns table (outcome text, rule text, seconds integer, response jsonb) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  f public.mfa_factor;
  v public.verification;
  v_made record;
begin
  if p_sign_in is not null then
    perform from public.sign_in s
      where s.id = p_sign_in and s.tenant_id = v_tenant and s.user_id = p_user and s.consumed_at is null and s.attempts < 5 and s.expires_at > now() for key share;
    if not found then outcome := 'over'; return next; return; end if;
  end if;
  select * into f from public.mfa_factor x where x.id = p_factor and x.tenant_id = v_tenant and x.user_id = p_user and x.disabled_at is null for no key update;
  if not found then outcome := 'gone'; return next; return; end if;
  select * into v from public.verification x
   where x.id = f.verification_id and x.tenant_id = v_tenant and x.status <> 'approved' and x.sign_in_id is not distinct from p_sign_in for update;
  if found and v.resend_after > clock_timestamp() then
    outcome := 'too_early'; seconds := ceil(extract(epoch from v.resend_after - clock_timestamp()));
    return next; return;
  end if;
  if v.status = 'pending' and v.expires_at > clock_timestamp() and v.attempts < 5 and v.code is not null then
    select a.outcome, a.rule, a.seconds into outcome, rule, seconds
      from app.verification_send_again(p_tenant, v.id, 'factor', p_user, 'resend', p_cooldown, p_actor, p_origin, p_limits) a;
    select jsonb_build_object('id', x.id, 'expires_at', x.expires_at, 'resend_after', x.resend_after) into response
      from public.verification x where x.id = v.id and x.tenant_id = v_tenant;
  else
    select * into v_made from app.verification_create(p_tenant, p, null, p_actor, p_origin, p_limits);
    outcome := v_made.outcome; rule := v_made.rule; response := v_made.response;
    if outcome = 'created' then
      perform private.challenge_end(v_tenant, f.verification_id);
      update public.mfa_factor x set verification_id = (p ->> 'id')::uuid where x.id = p_factor and x.tenant_id = v_tenant;
    end if;
  end if;
  if outcome in ('created', 'sent') then
    perform private.audit_put(v_tenant, 'mfa.challenged', 'success', p_actor ->> 'type', (p_actor ->> 'id')::uuid, (p_actor ->> 'session')::uuid, p_factor, p_origin,
      jsonb_build_object('type', f.type, 'recipient', f.recipient_masked, 'verification_id', response ->> 'id', 'again', outcome = 'sent'));
  end if;
  return next;
end $$;

-- A recipient will never be reached here again: the factors of these types that send to it have ended. A code under way is over, and so is
-- an answer that was just looked at. Returns how many.
create function app.recipient_gone(p_tenant text, p_types text[], p_mac text, p_origin jsonb) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  f public.mfa_factor;
  v_ended integer := 0;
begin
  for f in
    select * from public.mfa_factor x
     where x.tenant_id = v_tenant and x.recipient_mac = p_mac and x.type = any (p_types) and x.disabled_at is null order by x.id for no key update
  loop
    update public.mfa_factor x set disabled_at = now(), version = x.version + 1 where x.id = f.id and x.tenant_id = v_tenant;
    perform private.challenge_end(v_tenant, f.verification_id);
    perform private.audit_put(v_tenant, 'mfa.factor_ended', 'success', 'system', null, null, f.id, p_origin,
      jsonb_build_object('type', f.type, 'reason', 'recipient_gone', 'user_id', f.user_id));
    v_ended := v_ended + 1;
  end loop;
  return v_ended;
end $$;

-- Sign-in, first trip: finds the company, counts the attempt (committed before the password is looked at) and reads the account, its factors with
-- what may be shown of where they send to.
-- status: 'blocked' (retry_after), 'unknown', 'known'. Unknown accounts count alike. at_known_address: it was counted beside.
create function app.sign_in_begin(p_email text, p_hint text, p_proof text, p_ip text default null) returns table (
  status text, retry_after integer, tenant_id uuid, user_id uuid, email text, password_hash text, is_active boolean, role text, policy jsonb, factors jsonb,
  at_known_address boolean, email_verified boolean
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_key bytea;
begin
  if not private.proven('lookup:' || p_email, p_proof) then raise exception 'this lookup is not signed' using errcode = '42501'; end if;
  if p_hint is null then
    -- In several companies: the one that had the address first (ids tell the time), so that nobody who signs up another company with it shuts
    -- its owner out. For the others the person must name the company, and is told so in words that everybody gets.
    select d.tenant_id into tenant_id from directory.person d where d.email = p_email order by d.user_id limit 1;
  elsif p_hint ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select c.tenant_id into tenant_id from directory.company c where c.tenant_id = p_hint::uuid;
  else
    select c.tenant_id into tenant_id from directory.company c where c.domain = p_hint;
  end if;
  at_known_address := false;
  v_key := private.attempt_key(tenant_id, 'password', p_email);
  retry_after := private.attempt_take(v_key, coalesce(tenant_id::text, '-'));
  if retry_after is not null then
    retry_after := private.attempt_take_known(v_key, tenant_id, p_email, p_ip, retry_after);
    at_known_address := retry_after is null;
  end if;
  status := case when retry_after is not null then 'blocked' else 'unknown' end;
  if status = 'unknown' and tenant_id is not null then
    perform set_config('app.bound', tenant_id::text, true);
    select u.id, u.email, u.email_verified_at is not null, u.password_hash, u.is_active, u.role, c.policy,
           case when u.mfa_enabled then (
             select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'type', f.type, 'label', f.label, 'recipient_masked', f.recipient_masked, 'disabled', f.disabled_at is not null) order by f.created_at), '[]')
               from public.mfa_factor f where f.tenant_id = u.tenant_id and f.user_id = u.id and f.confirmed_at is not null) end
      into user_id, email, email_verified, password_hash, is_active, role, policy, factors
      from public.user_account u join public.tenant c on c.id = u.tenant_id
     where u.tenant_id = sign_in_begin.tenant_id and u.email_canonical = p_email;
    if found then
      status := 'known';
    else
      -- It says where else the company's people may have a password.
      select c.policy into policy from public.tenant c where c.id = sign_in_begin.tenant_id;
    end if;
  end if;
  return next;
end $$;
