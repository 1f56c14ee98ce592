-- Consecutive failures of an account are now one row for its e-mail, whichever company was named or none: a count for each company would
-- tell whose member somebody is. What was counted for passwords before is forgotten; those rows go with the clean-up.
alter table directory.attempt
  -- How many of the failures belong to each company that was named or found, '-' for none. Null where there are no companies to tell apart.
  add column shares jsonb,
  -- {company: {MAC of account and address: {failures, until}}}: the counters beside, for addresses the account has signed in from.
  add column known jsonb not null default '{}';

-- How long the next attempt must wait after so many failures: 30 s from the 10th on, doubling up to 1 h (NIST SP 800-63B-4 §3.2.2).
create function private.attempt_delay(p_failures integer) returns interval language sql immutable as $$
  select case when p_failures >= 10 then least(30 * 2 ^ least(p_failures - 10, 7), 3600) * interval '1 second' end
$$;

create function private.seconds_until(p_until timestamptz) returns integer language sql stable as $$
  select greatest(1, ceil(extract(epoch from p_until - now())))::integer
$$;

create or replace function private.attempt_key(p_tenant uuid, p_kind text, p_subject text) returns bytea language plpgsql stable as $$
begin
  return (
    select sha256(k.key || sha256(k.key || convert_to(
             p_kind || '|' || case p_kind when 'password' then '' else coalesce(p_tenant::text, '-') end || '|' || p_subject, 'UTF8')))
      from private.own_key k);
end $$;

-- Counts one attempt before its answer is looked at. Null: counted, go on. Otherwise the seconds to wait: nothing was counted and nothing
-- may be checked. p_share: the company it belongs to, or '-'. An e-mail tried at very many companies is counted on, in the total alone.
drop function private.attempt_take(bytea);
create function private.attempt_take(p_key bytea, p_share text default null) returns integer language plpgsql as $$
begin
  insert into directory.attempt as a (key, failures, shares) values (p_key, 1, case when p_share is not null then jsonb_build_object(p_share, 1) end)
  on conflict (key) do update
    set failures = a.failures + 1, touched_at = now(), blocked_until = clock_timestamp() + private.attempt_delay(a.failures + 1),
        shares = case when p_share is null or pg_column_size(a.shares) > 4096 then a.shares
                      else a.shares || jsonb_build_object(p_share, coalesce((a.shares ->> p_share)::integer, 0) + 1) end
    where a.blocked_until is null or a.blocked_until <= now();
  if found then return null; end if;
  return (select private.seconds_until(a.blocked_until) from directory.attempt a where a.key = p_key);
end $$;

-- What one customer of a network has: an IPv4 address, or an IPv6 /64.
create function private.address_block(p_ip text) returns text language sql immutable as $$
  select case when p_ip like '%:%' then network(set_masklen(p_ip::inet, 64))::text else p_ip end
$$;

create function private.address_mark(p_tenant uuid, p_email text, p_ip text) returns text language sql stable as $$
  select encode(private.attempt_key(p_tenant, 'address', p_email || '|' || private.address_block(p_ip)), 'hex')
$$;

-- Asked only of an account whose delay runs, so that no stranger can keep its owner out: from an address where this very account has
-- opened a session in the last 30 days, the attempt is counted beside, with a delay of its own. Null: counted, go on. For an account that
-- does not exist it does the same work and finds nothing.
create function private.attempt_take_known(p_key bytea, p_tenant uuid, p_email text, p_ip text, p_wait integer) returns integer language plpgsql as $$
declare
  v_user uuid;
  v_at text[];
  v_until timestamptz;
begin
  perform set_config('app.bound', coalesce(p_tenant::text, ''), true);
  select u.id into v_user from public.user_account u where u.tenant_id = p_tenant and u.email_canonical = p_email;
  -- A session that was ended as a thief's tells nothing of its address. An account that is tried from very many gets no more such counters.
  if not exists (
    select from public.session s
     where s.tenant_id = p_tenant and s.user_id = v_user and private.address_block(s.ip_address) = private.address_block(p_ip)
       and s.created_at > now() - interval '30 days' and coalesce(s.revoked_because, 'signed_out') = 'signed_out')
    or exists (select from directory.attempt a where a.key = p_key and pg_column_size(a.known) > 8192)
  then return p_wait; end if;
  v_at := array[p_tenant::text, private.address_mark(p_tenant, p_email, p_ip)];
  update directory.attempt a
     set touched_at = now(),
         known = a.known || jsonb_build_object(v_at[1], coalesce(a.known -> v_at[1], '{}') || jsonb_build_object(v_at[2], (
           select jsonb_build_object('failures', n.failures, 'until', clock_timestamp() + private.attempt_delay(n.failures))
             from (values (coalesce((a.known #>> (v_at || 'failures'::text))::integer, 0) + 1)) n (failures))))
   where a.key = p_key and coalesce((a.known #>> (v_at || 'until'::text))::timestamptz <= now(), true);
  if found then return null; end if;
  select (a.known #>> (v_at || 'until'::text))::timestamptz into v_until from directory.attempt a where a.key = p_key;
  return least(p_wait, private.seconds_until(v_until));
end $$;

create function private.attempt_rest(p_failures integer, p_shares jsonb, p_tenant text) returns integer language sql immutable as $$
  select case when p_shares is null then 0
              else p_failures - coalesce((p_shares ->> p_tenant)::integer, 0) - coalesce((p_shares ->> '-')::integer, 0) end
$$;

-- A success in one company ends what was counted for it and for none. What was counted for others stays: somebody with a company of their
-- own and the same e-mail in it must not get fresh guesses at another's. Whoever has bound a company need not name it.
drop function private.attempt_clear(bytea);
create function private.attempt_clear(p_key bytea, p_tenant text default current_setting('app.bound', true)) returns void language plpgsql as $$
begin
  update directory.attempt a
     set failures = private.attempt_rest(a.failures, a.shares, p_tenant),
         -- Whoever proved to be the owner waits for nobody's guesses. Somebody with a company of their own gains nothing: to succeed there, they
         -- first have to wait as long as for the next guess.
         blocked_until = null,
         shares = a.shares - array[p_tenant, '-'], known = a.known - p_tenant, touched_at = now()
   where a.key = p_key and (a.failures > 0 or a.blocked_until is not null);
end $$;

-- p_kind 'password': p_subject is the canonical e-mail, p_ip the client's address. 'mfa': the user's id.
drop function app.attempt_take(text, text);
create function app.attempt_take(p_kind text, p_subject text, p_ip text default null) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := app.current_tenant();
  v_key bytea := private.attempt_key(v_tenant, p_kind, p_subject);
  v_wait integer;
begin
  if v_tenant is null then raise exception 'no tenant is bound' using errcode = '42501'; end if;
  if p_kind <> 'password' then return private.attempt_take(v_key); end if;
  v_wait := private.attempt_take(v_key, v_tenant::text);
  return case when v_wait is not null then private.attempt_take_known(v_key, v_tenant, p_subject, p_ip, v_wait) end;
end $$;

create or replace function app.attempt_clear(p_kind text, p_subject text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if app.current_tenant() is null then raise exception 'no tenant is bound' using errcode = '42501'; end if;
  perform private.attempt_clear(private.attempt_key(app.current_tenant(), p_kind, p_subject), app.current_tenant()::text);
end $$;


-- The first trip of a sign-in stands where its last part is there: 12-delivered-factors.sql.
drop function app.sign_in_begin(text, text, text);

-- An attempt whose password was never looked at, because the server was too busy to hash, is given back where it was counted:
-- p_ip is the address when that was beside.
drop function app.sign_in_forgo(uuid, text, text);
create function app.sign_in_forgo(p_tenant uuid, p_email text, p_proof text, p_ip text default null) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_key bytea := private.attempt_key(p_tenant, 'password', p_email);
  v_share text := coalesce(p_tenant::text, '-');
  v_at text[];
begin
  if not private.proven('lookup:' || p_email, p_proof) then raise exception 'this lookup is not signed' using errcode = '42501'; end if;
  if p_ip is null then
    update directory.attempt a
       set failures = a.failures - 1, blocked_until = case when a.failures > 10 then a.blocked_until end,
           shares = a.shares || case when (a.shares ->> v_share)::integer > 0 then jsonb_build_object(v_share, (a.shares ->> v_share)::integer - 1) else '{}' end
     where a.key = v_key and a.failures > 0;
  else
    v_at := array[v_share, private.address_mark(p_tenant, p_email, p_ip)];
    update directory.attempt a
       set known = jsonb_set(a.known, v_at, (
             select jsonb_build_object('failures', n.failures - 1, 'until', case when n.failures > 10 then a.known #> (v_at || 'until'::text) end)
               from (values ((a.known #>> (v_at || 'failures'::text))::integer)) n (failures)))
     where a.key = v_key and (a.known #>> (v_at || 'failures'::text))::integer > 0;
  end if;
end $$;

-- Heads are for whoever kept one elsewhere: of what is older than a day, the last of each UTC day is enough.
create policy retention on public.audit_head for all to current_user using ((signed_at)::timestamptz < now() - interval '1 day') with check (false);
create index audit_head_signed on public.audit_head using brin (signed_at);
-- The day (UTC) up to which that is done; one row.
create table directory.audit_thinned (until date not null);
insert into directory.audit_thinned values ('2000-01-01');

-- Thins heads, as the owner, whom the policy "retention" lets see those older than a day and no others: so the newest is never one that goes,
-- nor the last of a day. At most p_limit at once, so that it ends; the day moves on when none are left. Returns how many went.
create function app.audit_thin(p_limit integer default 10000) returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_from text;
  v_gone bigint;
begin
  select to_char(t.until, 'YYYY-MM-DD') into v_from from directory.audit_thinned t for update skip locked;
  if not found then return 0; end if;
  -- signed_at is text, because it is signed; in UTC and of one width, so that it sorts as time does.
  with seen as (
    select h.tenant_id, h.seq, left(h.signed_at, 10) as day, lead(left(h.signed_at, 10)) over (partition by h.tenant_id order by h.seq) as next_day
      from public.audit_head h where h.signed_at >= v_from and h.signed_at::timestamptz < now() - interval '1 day'),
  gone as (
    delete from public.audit_head h using (select s.tenant_id, s.seq from seen s where s.day = s.next_day limit p_limit) old
     where h.tenant_id = old.tenant_id and h.seq = old.seq
    returning 1)
  select count(*) into v_gone from gone;
  if v_gone < p_limit then update directory.audit_thinned set until = ((now() - interval '1 day') at time zone 'UTC')::date; end if;
  return v_gone;
end $$;
