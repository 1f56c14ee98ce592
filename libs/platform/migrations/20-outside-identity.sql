-- Where a company's people may come from: OpenID providers, each by a name that stands in addresses, and one Cognito user pool that passwords
-- are relayed to. The secret is sealed by the apps.
create table public.identity_provider (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant() references public.tenant (id),
  kind text not null default 'oidc' check (kind in ('oidc', 'cognito')),
  name text not null check (name ~ '^[a-z0-9-]{1,40}$'),
  issuer text not null check (length(issuer) between 1 and 500),
  client_id text not null check (length(client_id) between 1 and 255),
  secret text,
  settings jsonb not null check (jsonb_typeof(settings) = 'object'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id),
  unique (tenant_id, kind, name)
);

-- Who somebody is elsewhere: the issuer and its own name for them. Never an e-mail, which changes hands.
create table public.identity_link (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant(),
  user_id uuid not null,
  issuer text not null,
  subject text not null check (length(subject) between 1 and 255),
  -- As the issuer had it when they were linked: to be shown, and for nothing else.
  email text,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  unique (tenant_id, issuer, subject),
  foreign key (tenant_id, user_id) references public.user_account (tenant_id, id) on delete cascade
);
create index identity_link_user on public.identity_link (user_id, tenant_id);

-- Somebody on their way to a provider and back. Each of the hashes is taken away by its first use. Or, with attempt_key, somebody whom a user
-- pool asks for more than a password: then `sealed` is what only we and the pool know of that, the newest of it.
create table public.identity_flow (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant(),
  provider_id uuid not null,
  -- Who is signed in and asked for the identity to be linked.
  user_id uuid,
  -- The verifier, the nonce and where to return to; afterwards, who it was that came back.
  sealed text not null,
  in_cookie boolean not null,
  handle_hash bytea not null,
  state_hash bytea,
  code_hash bytea,
  code_expires_at timestamptz,
  -- Where wrong answers are counted: with the wrong passwords of the same address. Taken away when it is over.
  attempt_key bytea,
  attempts integer not null default 0,
  version integer not null default 0,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  foreign key (tenant_id, provider_id) references public.identity_provider (tenant_id, id) on delete cascade,
  foreign key (tenant_id, user_id) references public.user_account (tenant_id, id) on delete cascade
) with (fillfactor = 70);
create index identity_flow_expiry on public.identity_flow using brin (expires_at);
create index identity_flow_provider on public.identity_flow (provider_id, tenant_id);
create index identity_flow_user on public.identity_flow (user_id, tenant_id) where user_id is not null;

do $do$
declare
  v_table text;
begin
  foreach v_table in array array['identity_provider', 'identity_link', 'identity_flow'] loop
    execute format('alter table public.%I enable row level security', v_table);
    execute format('alter table public.%I force row level security', v_table);
    execute format('create policy tenant on public.%I using (tenant_id = (select app.current_tenant()))', v_table);
    execute format($$create policy functions on public.%I to current_user using (tenant_id = nullif(current_setting('app.bound', true), '')::uuid)$$, v_table);
  end loop;
end $do$;
create policy retention on public.identity_flow for all to current_user using (expires_at < now() - interval '1 day') with check (false);


create function app.identity_flow_begin(
  p_tenant text, p_flow uuid, p_provider uuid, p_user uuid, p_sealed text, p_in_cookie boolean, p_handle_hash bytea, p_state_hash bytea, p_seconds integer
) returns timestamptz language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_until timestamptz := now() + p_seconds * interval '1 second';
begin
  insert into public.identity_flow (id, tenant_id, provider_id, user_id, sealed, in_cookie, handle_hash, state_hash, expires_at)
  values (p_flow, v_tenant, p_provider, p_user, p_sealed, p_in_cookie, p_handle_hash, p_state_hash, v_until);
  return v_until;
end $$;

-- Somebody comes back with a state: it is spent, once, before the provider is asked anything. Null: it is over, or another provider's, or
-- another browser's.
create function app.identity_flow_return(p_tenant text, p_flow uuid, p_provider uuid, p_state_hash bytea, p_handle_hash bytea) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_sealed text;
begin
  update public.identity_flow f set state_hash = null
   where f.id = p_flow and f.tenant_id = v_tenant and f.provider_id = p_provider and f.state_hash = p_state_hash and f.expires_at > clock_timestamp()
     and (not f.in_cookie or f.handle_hash = p_handle_hash)
  returning f.sealed into v_sealed;
  return v_sealed;
end $$;

-- The provider said who it was: a code stands for that, for a short time.
create function app.identity_flow_arrive(p_tenant text, p_flow uuid, p_sealed text, p_code_hash bytea, p_seconds integer) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  update public.identity_flow f
     set sealed = p_sealed, code_hash = p_code_hash, code_expires_at = clock_timestamp() + p_seconds * interval '1 second'
   where f.id = p_flow and f.tenant_id = v_tenant and f.state_hash is null and f.code_hash is null and f.code_expires_at is null;
  return found;
end $$;

-- The code and what the one who began has kept, together, once. p_user: who asked for a link; null for a sign-in.
create function app.identity_flow_redeem(p_tenant text, p_flow uuid, p_user uuid, p_code_hash bytea, p_handle_hash bytea) returns table (sealed text, provider_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  update public.identity_flow f set code_hash = null
   where f.id = p_flow and f.tenant_id = v_tenant and f.user_id is not distinct from p_user and f.code_hash = p_code_hash and f.handle_hash = p_handle_hash
     and f.code_expires_at > clock_timestamp()
  returning f.sealed, f.provider_id into sealed, provider_id;
  if found then return next; end if;
end $$;

-- A user pool asks for more: p_email is the address the sign-in was counted for.
create function app.outside_step_begin(p_tenant text, p_flow uuid, p_provider uuid, p_email text, p_sealed text, p_seconds integer) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  insert into public.identity_flow (id, tenant_id, provider_id, sealed, in_cookie, handle_hash, attempt_key, expires_at)
  values (p_flow, v_tenant, p_provider, p_sealed, false, '', private.attempt_key(v_tenant, 'password', p_email), now() + p_seconds * interval '1 second');
end $$;

-- Counts one answer, for this sign-in and for its address, before the pool is asked. status: 'counted', with what is sealed; 'blocked'; 'gone'.
create function app.outside_step_take(p_tenant text, p_flow uuid, p_most integer) returns table (status text, retry_after integer, provider_id uuid, sealed text, version integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_key bytea;
begin
  update public.identity_flow f set attempts = f.attempts + 1
   where f.id = p_flow and f.tenant_id = v_tenant and f.attempt_key is not null and f.attempts < p_most and f.expires_at > clock_timestamp()
  returning f.attempt_key, f.provider_id, f.sealed, f.version into v_key, provider_id, sealed, version;
  status := case when found then 'counted' else 'gone' end;
  if status = 'counted' then
    retry_after := private.attempt_take(v_key, v_tenant::text);
    if retry_after is not null then
      status := 'blocked';
      sealed := null;
    end if;
  end if;
  return next;
end $$;

-- The pool took the answer and asks for something else: from exactly the step that was looked at.
create function app.outside_step_move(p_tenant text, p_flow uuid, p_version integer, p_sealed text, p_seconds integer) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  update public.identity_flow f
     set sealed = p_sealed, version = f.version + 1, attempts = 0, expires_at = now() + p_seconds * interval '1 second'
   where f.id = p_flow and f.tenant_id = v_tenant and f.version = p_version and f.attempt_key is not null;
  return found;
end $$;

-- The pool took the last answer: once, whoever else was given the same.
create function app.outside_step_end(p_tenant text, p_flow uuid, p_version integer) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  update public.identity_flow f set attempt_key = null, sealed = ''
   where f.id = p_flow and f.tenant_id = v_tenant and f.version = p_version and f.attempt_key is not null;
  return found;
end $$;

-- What a sign-in must know of a person whom somebody else has vouched for; no row for a disabled one.
create function app.outside_sign_in_read(p_tenant text, p_user uuid) returns table (email text, email_verified boolean, role text, policy jsonb, factors jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  return query
  select u.email, u.email_verified_at is not null, u.role, c.policy,
         case when u.mfa_enabled then (
           select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'type', f.type, 'label', f.label, 'recipient_masked', f.recipient_masked, 'disabled', f.disabled_at is not null) order by f.created_at), '[]')
             from public.mfa_factor f where f.tenant_id = u.tenant_id and f.user_id = u.id and f.confirmed_at is not null) end
    from public.user_account u join public.tenant c on c.id = u.tenant_id
   where u.id = p_user and u.tenant_id = v_tenant and u.is_active;
end $$;

-- The link still stands, and its person may sign in.
create function private.outside_person(p_tenant uuid, p_user uuid, p_link uuid) returns boolean language plpgsql as $$
begin
  update public.identity_link l set last_used_at = now() where l.id = p_link and l.tenant_id = p_tenant and l.user_id = p_user;
  if not found then return false; end if;
  perform from public.user_account u where u.id = p_user and u.tenant_id = p_tenant and u.is_active for no key update;
  return found;
end $$;

-- A sign-in's last trip, as app.sign_in_complete is, where no password was looked at.
create function app.outside_sign_in_complete(
  p_tenant text, p_user uuid, p_link uuid, p_session uuid, p_token_hash bytea, p_amr text[], p_acr text, p_seconds integer, p_device_name text, p_origin jsonb
) returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  if not private.outside_person(v_tenant, p_user, p_link) then return false; end if;
  update public.user_account u set last_login_at = now() where u.id = p_user and u.tenant_id = v_tenant;
  perform private.session_open(v_tenant, p_user, p_session, p_token_hash, p_amr, p_acr, p_seconds, p_device_name, p_origin);
  return true;
end $$;

-- The same when a second factor is due.
create function app.outside_sign_in_challenge(p_tenant text, p_user uuid, p_link uuid, p_sign_in uuid, p_seconds integer, p_device_name text, p_origin jsonb) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  if not private.outside_person(v_tenant, p_user, p_link) then return false; end if;
  insert into public.sign_in (id, tenant_id, user_id, device_name, expires_at) values (p_sign_in, v_tenant, p_user, p_device_name, now() + p_seconds * interval '1 second');
  perform private.audit_put(v_tenant, 'auth.second_factor_due', 'success', 'user', p_user, null, null, p_origin, null);
  return true;
end $$;

-- Deletes flows that were over a day ago, whoever's they were: as the owner, whom the policy "retention" lets see those and no others.
create function app.purge_identity_flows() returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_gone bigint;
begin
  with gone as (delete from public.identity_flow where id in (select id from public.identity_flow where expires_at < now() - interval '1 day' limit 10000) returning 1)
  select count(*) into v_gone from gone;
  return v_gone;
end $$;
