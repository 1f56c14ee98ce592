-- Links by e-mail, and messages about accounts. A link works once: its token says whose it is, and only its hash is kept.
create table public.account_link (
  id uuid not null,
  tenant_id uuid not null default app.current_tenant(),
  -- Null: an invitation, to somebody who has no account yet.
  user_id uuid,
  purpose text not null check (purpose in ('verify_email', 'change_email', 'reset_password', 'invitation')),
  token_hash bytea not null check (length(token_hash) = 32),
  -- Whom it proves to read this address.
  email text not null,
  email_canonical text not null,
  role text check (role in ('admin', 'manager', 'user')),
  -- What the invited person is thought to read.
  locale text,
  invited_by uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  primary key (id, tenant_id),
  foreign key (tenant_id, user_id) references public.user_account (tenant_id, id) on delete cascade,
  foreign key (tenant_id, invited_by) references public.user_account (tenant_id, id) on delete set null (invited_by)
) with (fillfactor = 85);
create index account_link_of on public.account_link (user_id, tenant_id);
create index account_link_invitations on public.account_link (tenant_id, email_canonical) where purpose = 'invitation';
create index account_link_inviter on public.account_link (invited_by, tenant_id) where invited_by is not null;
alter table public.account_link enable row level security;
alter table public.account_link force row level security;
create policy tenant on public.account_link using (tenant_id = (select app.current_tenant()));
create policy functions on public.account_link to current_user using (tenant_id = nullif(current_setting('app.bound', true), '')::uuid);
create policy retention on public.account_link for all to current_user using (expires_at < now() - interval '30 days') with check (false);

-- The language that somebody reads. Null: nobody has said.
alter table public.user_account add column locale text;
-- Addresses that were theirs, confirmed, and until when: [{email, until}]. For what went there to be found, and for warnings to reach them.
alter table public.user_account add column former_emails jsonb not null default '[]';

-- As before, with that.
create or replace function app.session_check(p_tenant text, p_session uuid, p_user uuid) returns json language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_checked json;
  v_seen timestamptz;
begin
  select json_build_object(
           'email', u.email, 'email_verified', u.email_verified_at is not null, 'phone_number', u.phone_number, 'full_name', u.full_name, 'locale', u.locale,
           'role', u.role, 'is_active', u.is_active, 'mfa_enabled', u.mfa_enabled, 'has_passkey', u.has_passkey, 'created_at', u.created_at, 'last_login', u.last_login_at,
           'company_name', c.name, 'policy', c.policy, 'amr', s.amr, 'acr', s.acr, 'auth_time', s.auth_time), s.last_seen_at
    into v_checked, v_seen
    from public.session s
    join public.user_account u on u.id = s.user_id and u.tenant_id = s.tenant_id
    join public.tenant c on c.id = s.tenant_id
   where s.id = p_session and s.tenant_id = v_tenant and s.user_id is not distinct from p_user and s.revoked_at is null and s.expires_at > now() and u.is_active;
  if v_seen < now() - interval '1 minute' then
    update public.session s set last_seen_at = now() where s.id = p_session and s.tenant_id = v_tenant;
  end if;
  return v_checked;
end $$;

-- What was asked for an e-mail by somebody who need not be its owner: written alike whether the address is known or not, looked at later. The
-- address is sealed.
create table directory.asked_mail (
  id uuid primary key,
  purpose text not null,
  email text not null,
  hint text,
  origin jsonb not null,
  created_at timestamptz not null default now()
);

create function app.mail_ask(p_proof text, p_id uuid, p_purpose text, p_email text, p_hint text, p_origin jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('mail ' || p_id, p_proof) then raise exception 'this is not signed' using errcode = '42501'; end if;
  insert into directory.asked_mail (id, purpose, email, hint, origin) values (p_id, p_purpose, p_email, p_hint, p_origin);
  insert into directory.due (id, tenant_id, kind, due_at) values (p_id, '00000000-0000-0000-0000-000000000000', 'asked', now());
end $$;

-- For the relay, who proves it. No row: somebody has seen to it.
create function app.mail_asked(p_proof text, p_id uuid) returns table (purpose text, email text, hint text, origin jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('due', p_proof) then raise exception 'only the relay may' using errcode = '42501'; end if;
  return query select m.purpose, m.email, m.hint, m.origin from directory.asked_mail m where m.id = p_id;
end $$;

-- The accounts with this e-mail, of the company named or of all, the oldest first.
-- Whether that person has shown that they read the address.
alter table directory.person add column verified boolean not null default false;
create or replace function private.person_listed() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op <> 'INSERT' then
    delete from directory.person where email = old.email_canonical and tenant_id = old.tenant_id;
  end if;
  if tg_op <> 'DELETE' then
    insert into directory.person (email, tenant_id, user_id, verified) values (new.email_canonical, new.tenant_id, new.id, new.email_verified_at is not null);
  end if;
  return null;
end $$;
drop trigger relisted on public.user_account;
create trigger relisted after update of email_canonical, email_verified_at on public.user_account for each row
  when (old.email_canonical is distinct from new.email_canonical or (old.email_verified_at is null) <> (new.email_verified_at is null))
  execute function private.person_listed();

create function app.people_with(p_email text, p_hint text, p_proof text) returns table (tenant_id uuid, user_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('lookup:' || p_email, p_proof) then raise exception 'this lookup is not signed' using errcode = '42501'; end if;
  return query
    select d.tenant_id, d.user_id from directory.person d
     where d.email = p_email and (p_hint is null or d.tenant_id = private.tenant_named(p_hint))
     -- Whoever registers companies with somebody's address must not come before the account where it is confirmed.
     order by d.verified desc, d.user_id limit 10;
end $$;

-- What came due and is no message is done.
create function app.due_done(p_proof text, p_id uuid, p_kind text) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('due', p_proof) then raise exception 'only the relay may' using errcode = '42501'; end if;
  delete from directory.due d where d.id = p_id and d.kind = p_kind and p_kind in ('asked', 'notice');
  if p_kind = 'asked' then delete from directory.asked_mail m where m.id = p_id; end if;
end $$;

-- A message about an account, in the transaction that causes it; of one id once. Null, or the rule that holds it back. p.counted: as what it is
-- counted, each apart from codes and from the others; null: it is not. Whoever asks for links to a stranger's address must use up neither their
-- codes nor the warnings that go there.
create function app.account_mail(p_tenant text, p jsonb, p_origin jsonb, p_limits jsonb) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_id uuid := (p ->> 'id')::uuid;
  v_rule text;
begin
  if exists (select from public.delivery d where d.id = v_id and d.tenant_id = v_tenant) then return null; end if;
  if p ->> 'counted' is not null then
    v_rule := private.send_admit(v_tenant, p -> 'to', null, null, p_limits - 'conversion' - 'prefix', p ->> 'counted');
    if v_rule is not null then return v_rule; end if;
  end if;
  insert into public.delivery (id, tenant_id, channel, recipient, recipient_masked, template, locale, payload, trace, expires_at)
  values (v_id, v_tenant, 'email', p #>> '{to,to}', p #>> '{to,masked}', p ->> 'template', p ->> 'locale', p ->> 'payload', p_origin ->> 'trace',
          now() + (p ->> 'seconds')::integer * interval '1 second');
  insert into directory.due (id, tenant_id, kind, due_at) values (v_id, v_tenant, 'email', now());
  return null;
end $$;

-- Changes of what opens an account are told to its owner, by whoever they were made: from the trail, so that no way to make them is left out.
create function private.notice_due() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into directory.due (id, tenant_id, kind, due_at) values (new.id, new.tenant_id, 'notice', now()) on conflict do nothing;
  return null;
end $$;
create trigger noticed after insert on public.audit_event for each row
  when (new.action in ('auth.password_changed', 'auth.password_reset', 'auth.new_device', 'users.email_changed', 'mfa.factor_added', 'mfa.factor_removed',
                       'mfa.factor_ended', 'mfa.disabled', 'mfa.reset', 'mfa.recovery_code_used', 'auth.identity_linked'))
  execute function private.notice_due();

-- As before; and a sign-in by a browser or from a network that none of the person's sessions had is said so. Versions of a browser are the same one.
create function private.browser(p_user_agent text) returns text language sql immutable as $$ select regexp_replace(coalesce(p_user_agent, ''), '[0-9.]+', '', 'g') $$;
create or replace function private.session_open(
  p_tenant uuid, p_user uuid, p_session uuid, p_token_hash bytea, p_amr text[], p_acr text, p_seconds integer, p_device_name text, p_origin jsonb
) returns void language plpgsql as $$
declare
  v_known boolean;
  v_most integer;
begin
  select (c.policy ->> 'max_sessions')::integer into v_most from public.tenant c where c.id = p_tenant;
  if v_most is not null then
    update public.session x set revoked_at = clock_timestamp(), revoked_because = 'too_many_sessions'
     where x.tenant_id = p_tenant and x.id in (
       select s.id from public.session s where s.user_id = p_user and s.tenant_id = p_tenant and s.revoked_at is null and s.expires_at > now()
        order by s.id desc offset v_most - 1);
  end if;
  select bool_or(private.browser(s.user_agent) = private.browser(p_origin ->> 'user_agent')
                 and private.address_block(s.ip_address) is not distinct from private.address_block(p_origin ->> 'ip')) into v_known
    from (select x.user_agent, x.ip_address from public.session x where x.user_id = p_user and x.tenant_id = p_tenant order by x.id desc limit 50) s;
  insert into public.session (id, tenant_id, user_id, token_hash, amr, acr, ip_address, user_agent, device_name, expires_at)
  values (p_session, p_tenant, p_user, p_token_hash, p_amr, p_acr, p_origin ->> 'ip', p_origin ->> 'user_agent', p_device_name,
          now() + p_seconds * interval '1 second');
  perform private.audit_put(p_tenant, 'auth.signed_in', 'success', 'user', p_user, p_session, null, p_origin,
    jsonb_strip_nulls(jsonb_build_object('amr', p_amr, 'factor', p_origin ->> 'factor')));
  -- Null: the person's first.
  if v_known is false then
    perform private.audit_put(p_tenant, 'auth.new_device', 'success', 'user', p_user, p_session, p_session, p_origin, '{}');
  end if;
end $$;

create function app.purge_links() returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_gone bigint;
begin
  with gone as (delete from public.account_link where id in (
    select id from public.account_link where id < private.uuid_at(now() - interval '30 days') and expires_at < now() - interval '30 days' limit 10000) returning 1)
  select count(*) into v_gone from gone;
  delete from public.trusted_device where id in (
    select id from public.trusted_device where id < private.uuid_at(now() - interval '30 days') and expires_at < now() - interval '30 days' limit 10000);
  return v_gone;
end $$;

-- A device that somebody answered a second factor on, and that is not asked for one until it ends: with the password, with any factor that
-- goes, or when its owner says so.
create table public.trusted_device (
  id uuid not null,
  tenant_id uuid not null default app.current_tenant(),
  user_id uuid not null,
  token_hash bytea not null check (length(token_hash) = 32),
  device_name text,
  user_agent text,
  ip_address text,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (id, tenant_id),
  foreign key (tenant_id, user_id) references public.user_account (tenant_id, id) on delete cascade
) with (fillfactor = 85);
create index trusted_device_of on public.trusted_device (user_id, tenant_id);
alter table public.trusted_device enable row level security;
alter table public.trusted_device force row level security;
create policy tenant on public.trusted_device using (tenant_id = (select app.current_tenant()));
create policy functions on public.trusted_device to current_user using (tenant_id = nullif(current_setting('app.bound', true), '')::uuid);

create policy retention on public.trusted_device for all to current_user using (expires_at < now() - interval '30 days') with check (false);

create function app.device_use(p_tenant text, p_user uuid, p_device uuid, p_hash bytea, p_days integer) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  update public.trusted_device d set last_used_at = now()
   where d.id = p_device and d.tenant_id = v_tenant and d.user_id = p_user and d.token_hash = p_hash and d.revoked_at is null and d.expires_at > now()
     -- The policy may have become stricter since.
     and d.created_at > now() - p_days * interval '1 day';
  return found;
end $$;

create function private.devices_forgotten() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform set_config('app.bound', old.tenant_id::text, true);
  update public.trusted_device d set revoked_at = now() where d.user_id = old.user_id and d.tenant_id = old.tenant_id and d.revoked_at is null;
  return null;
end $$;
create trigger devices_forgotten after delete on public.mfa_factor for each row when (old.confirmed_at is not null) execute function private.devices_forgotten();
