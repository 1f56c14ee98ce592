-- Outgoing webhooks (Standard Webhooks). An event is written for each endpoint that wants it in the transaction that causes it, by triggers on
-- what is written down anyway: no call site knows of webhooks. What is due stands in a queue of its own that no tenant owns; it names the
-- endpoint, so that a claim can be fair to companies and leave alone an endpoint that has enough under way.
create table public.webhook_endpoint (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant() references public.tenant (id),
  url text not null check (length(url) between 1 and 2000),
  event_types text[] not null check (cardinality(event_types) > 0),
  description text check (length(description) between 1 and 200),
  is_enabled boolean not null default true,
  -- Why it was disabled, when nobody asked: 'gone' (410), 'failing' (for days).
  disabled_because text check (disabled_because in ('gone', 'failing')),
  -- Nothing has been taken since.
  failing_since timestamptz,
  -- Sealed; and the one before, which signs beside it until then.
  secret text not null,
  secret_before text,
  secret_before_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- Removed ones stay for their deliveries, without secrets.
  removed_at timestamptz,
  unique (tenant_id, id)
);

-- One event on its way to one endpoint. No foreign key to the endpoint: none is ever deleted, and the lock on it at each sign-in is not for free.
create table public.webhook_delivery (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant(),
  endpoint_id uuid not null,
  -- webhook-id, the same at every attempt, replay and endpoint.
  event_id uuid not null,
  event_type text not null,
  body text not null,
  status text not null default 'pending' check (status in ('pending', 'sending', 'delivered', 'failed', 'canceled')),
  attempts integer not null default 0,
  -- Attempts since it was queued, or replayed.
  tries integer not null default 0,
  attempt_id uuid,
  lease_until timestamptz,
  next_attempt_at timestamptz default now(),
  -- Of the last attempt.
  response_status integer,
  reason text,
  milliseconds integer,
  created_at timestamptz not null default now(),
  attempted_at timestamptz,
  ended_at timestamptz
) with (fillfactor = 70);
create index webhook_delivery_of on public.webhook_delivery (tenant_id, endpoint_id, id);

create table directory.webhook_due (
  id uuid primary key,
  tenant_id uuid not null,
  endpoint_id uuid not null,
  due_at timestamptz not null
) with (fillfactor = 70);
create index webhook_due_order on directory.webhook_due (due_at);
create index webhook_due_lane on directory.webhook_due (endpoint_id, due_at);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['webhook_endpoint', 'webhook_delivery'] loop
    execute format('alter table public.%I enable row level security', v_table);
    execute format('alter table public.%I force row level security', v_table);
    execute format('create policy tenant on public.%I using (tenant_id = (select app.current_tenant()))', v_table);
    execute format('create policy functions on public.%I to current_user using (tenant_id = nullif(current_setting(''app.bound'', true), '''')::uuid)', v_table);
  end loop;
end $$;
create policy retention on public.webhook_delivery for all to current_user using (created_at < now() - interval '30 days') with check (false);

-- One event, for one endpoint: due with the commit.
create function private.webhook_put(p_tenant uuid, p_endpoint uuid, p_event uuid, p_type text, p_body text) returns uuid language plpgsql as $$
declare
  v_id uuid := app.uuidv7();
begin
  insert into public.webhook_delivery (id, tenant_id, endpoint_id, event_id, event_type, body) values (v_id, p_tenant, p_endpoint, p_event, p_type, p_body);
  insert into directory.webhook_due (id, tenant_id, endpoint_id, due_at) values (v_id, p_tenant, p_endpoint, now());
  return v_id;
end $$;

-- What a receiver reads. json and not jsonb, which would sort its names.
create function private.webhook_body(p_tenant uuid, p_event uuid, p_type text, p_at timestamptz, p_data json) returns text language sql stable as $$
  select json_build_object('id', 'evt_' || p_event, 'type', p_type, 'timestamp', to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                           'company_id', p_tenant, 'data', p_data)::text
$$;

create function private.webhook_wanted(p_tenant uuid, p_type text) returns setof uuid language sql stable as $$
  select e.id from public.webhook_endpoint e where e.tenant_id = p_tenant and e.is_enabled and e.removed_at is null and p_type = any (e.event_types)
$$;

create function private.webhook_of_audit() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- The apps' transactions bind no company here, the owner's functions their own: each finds it as it was.
  v_bound text := current_setting('app.bound', true);
  v_type text := case
    when new.action = 'verification.approved' then 'verification.approved'
    when new.action like 'verification.%' then 'verification.failed'
    when new.action = 'users.created' then 'user.created'
    when new.action = 'users.deactivated' then 'user.deactivated'
    when new.action = 'users.deleted' then 'user.deleted'
    when new.action like 'users.%' then 'user.updated'
    when new.action = 'auth.signed_in' then 'session.opened'
    else 'session.revoked' end;
  v_data json;
  v_body text;
  v_endpoint uuid;
begin
  perform set_config('app.bound', new.tenant_id::text, true);
  if exists (select from private.webhook_wanted(new.tenant_id, v_type)) then
    if v_type like 'verification.%' then
      -- Codes of second factors are nobody's business but the person's: session.opened says how they ended.
      select json_build_object('id', v.id, 'status', v.status, 'channel', v.workflow #>> array[v.step::text, 'channel'], 'reference', v.reference)
        into v_data from public.verification v where v.tenant_id = new.tenant_id and v.id = new.target_id and v.purpose = 'api';
    elsif v_type = 'user.updated' then
      v_data := json_build_object('id', new.target_id, 'changed', case new.action
        when 'users.role_changed' then '["role"]' when 'users.activated' then '["is_active"]' else coalesce(new.details -> 'fields', '[]') end::jsonb,
        'actor_type', new.actor_type, 'actor_id', new.actor_id);
    elsif v_type like 'user.%' then
      v_data := json_build_object('id', new.target_id, 'actor_type', new.actor_type, 'actor_id', new.actor_id);
    elsif v_type = 'session.opened' then
      v_data := json_build_object('id', new.session_id, 'user_id', new.actor_id, 'amr', new.details -> 'amr');
    elsif new.action = 'auth.refresh_token_reused' then
      v_data := json_build_object('id', new.session_id, 'user_id', new.actor_id, 'because', 'refresh_token_reused', 'count', 1);
    elsif new.action = 'auth.session_revoked' then
      v_data := json_build_object('id', new.target_id, 'because', new.details ->> 'because', 'count', 1,
        'user_id', (select s.user_id from public.session s where s.tenant_id = new.tenant_id and s.id = new.target_id));
    elsif new.details -> 'count' <> '0' then
      v_data := json_build_object('id', null, 'user_id', new.target_id, 'because', new.details ->> 'because', 'count', new.details -> 'count');
    end if;
    if v_data is not null then
      v_body := private.webhook_body(new.tenant_id, new.id, v_type, new.created_at, v_data);
      for v_endpoint in select private.webhook_wanted(new.tenant_id, v_type) loop
        perform private.webhook_put(new.tenant_id, v_endpoint, new.id, v_type, v_body);
      end loop;
    end if;
  end if;
  perform set_config('app.bound', coalesce(v_bound, ''), true);
  return null;
end $$;
create trigger webhooks after insert on public.audit_event for each row
  when (new.action in ('verification.approved', 'verification.expired', 'verification.canceled', 'users.created', 'users.updated', 'users.role_changed', 'users.activated',
                       'users.deactivated', 'users.deleted', 'auth.signed_in', 'auth.session_revoked', 'auth.sessions_revoked', 'auth.refresh_token_reused')
     or new.action = 'verification.check_failed' and new.details ->> 'status' = 'max_attempts_reached')
  execute function private.webhook_of_audit();

-- Plain messages. Those that carry a code are their verification's affair, and those about an account its owner's.
create function private.webhook_of_message() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_bound text := current_setting('app.bound', true);
  v_event uuid := app.uuidv7();
  v_body text;
  v_endpoint uuid;
begin
  perform set_config('app.bound', new.tenant_id::text, true);
  for v_endpoint in select private.webhook_wanted(new.tenant_id, 'message.status') loop
    v_body := coalesce(v_body, private.webhook_body(new.tenant_id, v_event, 'message.status', clock_timestamp(), json_build_object(
      'id', new.id, 'status', new.status, 'reason', new.reason, 'channel', new.channel, 'recipient_masked', new.recipient_masked, 'reference', new.reference)));
    perform private.webhook_put(new.tenant_id, v_endpoint, v_event, 'message.status', v_body);
  end loop;
  perform set_config('app.bound', coalesce(v_bound, ''), true);
  return null;
end $$;
create trigger webhooks after update of status on public.delivery for each row
  when (new.verification_id is null and new.template not like 'account\_%' and new.status is distinct from old.status and new.status not in ('queued', 'sending'))
  execute function private.webhook_of_message();

-- What may be claimed: of each endpoint its oldest, p_each less what p_busy says is under way. Where no more is due than one claim can look at,
-- that is all of it; otherwise from endpoint to endpoint by the index, however much waits for one of them.
create function private.webhook_seen(p_now timestamptz, p_look integer, p_each integer, p_busy jsonb) returns table (id uuid, tenant_id uuid, due_at timestamptz)
language plpgsql as $$
begin
  if (select count(*) from (select from directory.webhook_due x where x.due_at <= p_now order by x.due_at limit p_look + 1) n) <= p_look then
    return query
      select o.id, o.tenant_id, o.due_at
        from (select x.*, row_number() over (partition by x.endpoint_id order by x.due_at) as place
                from directory.webhook_due x where x.due_at <= p_now order by x.due_at limit p_look) o
       where o.place <= p_each - coalesce((p_busy ->> o.endpoint_id::text)::integer, 0);
    return;
  end if;
  return query
    with recursive known (endpoint) as (
      (select x.endpoint_id from directory.webhook_due x order by x.endpoint_id limit 1)
      union all
      select (select x.endpoint_id from directory.webhook_due x where x.endpoint_id > k.endpoint order by x.endpoint_id limit 1)
        from known k where k.endpoint is not null)
    select o.id, o.tenant_id, o.due_at from known k
     cross join lateral (select x.id, x.tenant_id, x.due_at from directory.webhook_due x where x.endpoint_id = k.endpoint and x.due_at <= p_now
                          order by x.due_at limit greatest(0, p_each - coalesce((p_busy ->> k.endpoint::text)::integer, 0))) o
     where k.endpoint is not null;
end $$;

-- What is due, and not again before p_lease seconds: for the relay, who proves it. p_each: most for one endpoint, p_share: for one company, both
-- less what p_busy ({endpoint or company: calls}) says is under way already.
create function app.webhook_claim(p_proof text, p_most integer, p_each integer, p_share integer, p_busy jsonb, p_lease double precision)
returns table (id uuid, tenant_id uuid, endpoint_id uuid) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- Not the function itself: no index answers what changes while it is asked.
  v_now timestamptz := clock_timestamp();
  v_ids uuid[];
begin
  if not private.proven('due', p_proof) then raise exception 'only the relay may' using errcode = '42501'; end if;
  -- Each company's oldest first, then each one's second. An array: of a query's result nobody could tell beforehand how short it is.
  v_ids := array(
    select r.id
      from (select s.id, s.tenant_id, s.due_at, row_number() over (partition by s.tenant_id order by s.due_at) as turn
              from private.webhook_seen(v_now, 4 * p_most, p_each, p_busy) s) r
     where r.turn <= p_share - coalesce((p_busy ->> r.tenant_id::text)::integer, 0)
     order by r.turn, r.due_at limit p_most);
  return query
    with chosen as materialized (
      select x.id from directory.webhook_due x where x.id = any (v_ids) and x.due_at <= v_now for update skip locked)
    update directory.webhook_due d set due_at = v_now + p_lease * interval '1 second'
      from chosen where d.id = any (v_ids) and d.id = chosen.id
    returning d.id, d.tenant_id, d.endpoint_id;
end $$;

-- The end of a delivery, one way or another.
create function private.webhook_end(p_tenant uuid, p_webhook uuid, p_status text) returns void language plpgsql as $$
begin
  update public.webhook_delivery x set status = p_status, ended_at = clock_timestamp(), next_attempt_at = null, lease_until = null
   where x.id = p_webhook and x.tenant_id = p_tenant;
  delete from directory.webhook_due where id = p_webhook;
end $$;

-- How long a delivery waits after its n-th attempt, in seconds; null: there is no other. A day and some hours in all.
create function private.webhook_pause(p_tries integer) returns integer language sql immutable as $$
  select (array[5, 300, 1800, 7200, 18000, 36000, 36000])[p_tries]
$$;

-- Begins one attempt. outcome: 'go', 'over' (nothing to do), 'busy' (somebody else is at it). p: {attempt, lease (s)}
create function app.webhook_begin(p_tenant text, p_webhook uuid, p jsonb) returns table (
  outcome text, url text, secret text, secret_before text, event_id uuid, body text
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_lease timestamptz := clock_timestamp() + (p ->> 'lease')::double precision * interval '1 second';
  d public.webhook_delivery;
  e public.webhook_endpoint;
begin
  select * into d from public.webhook_delivery x where x.id = p_webhook and x.tenant_id = v_tenant for update;
  if not found or d.status not in ('pending', 'sending') then
    delete from directory.webhook_due x where x.id = p_webhook and x.tenant_id = v_tenant;
    outcome := 'over'; return next; return;
  end if;
  if d.lease_until > clock_timestamp() then
    outcome := 'busy'; return next; return;
  end if;
  select * into e from public.webhook_endpoint x where x.id = d.endpoint_id and x.tenant_id = v_tenant;
  if not found or not e.is_enabled or e.removed_at is not null then
    perform private.webhook_end(v_tenant, p_webhook, 'canceled');
    outcome := 'over'; return next; return;
  end if;
  -- Those who began the others never told how they ended.
  if d.tries > 0 and private.webhook_pause(d.tries) is null then
    perform private.webhook_end(v_tenant, p_webhook, 'failed');
    outcome := 'over'; return next; return;
  end if;
  update public.webhook_delivery x
     set status = 'sending', attempts = x.attempts + 1, tries = x.tries + 1, attempt_id = (p ->> 'attempt')::uuid, attempted_at = clock_timestamp(),
         lease_until = v_lease, next_attempt_at = v_lease
   where x.id = p_webhook and x.tenant_id = v_tenant;
  update directory.webhook_due x set due_at = v_lease where x.id = p_webhook;
  outcome := 'go'; url := e.url; secret := e.secret; event_id := d.event_id; body := d.body;
  secret_before := case when e.secret_before_until > clock_timestamp() then e.secret_before end;
  return next;
end $$;

-- How it ended. p: {attempt, taken, gone, status, reason, milliseconds, days (of failing, until it is disabled), wait (least s, as it asked)}. status: the delivery's then; disabled: the
-- endpoint was, by this.
create function app.webhook_finish(p_tenant text, p_webhook uuid, p jsonb) returns table (status text, disabled boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  d public.webhook_delivery;
  e public.webhook_endpoint;
  v_wait double precision;
  v_because text;
begin
  disabled := false;
  update public.webhook_delivery x
     set response_status = (p ->> 'status')::integer, reason = p ->> 'reason', milliseconds = (p ->> 'milliseconds')::integer, lease_until = null
   where x.id = p_webhook and x.tenant_id = v_tenant and x.attempt_id = (p ->> 'attempt')::uuid and x.status = 'sending'
  returning * into d;
  -- Another attempt is the present one: it will tell.
  if not found then return next; return; end if;
  if (p ->> 'taken')::boolean then
    update public.webhook_endpoint x set failing_since = null where x.id = d.endpoint_id and x.tenant_id = v_tenant and x.failing_since is not null;
    perform private.webhook_end(v_tenant, p_webhook, 'delivered');
    status := 'delivered'; return next; return;
  end if;
  update public.webhook_endpoint x set failing_since = clock_timestamp() where x.id = d.endpoint_id and x.tenant_id = v_tenant and x.failing_since is null;
  select * into e from public.webhook_endpoint x where x.id = d.endpoint_id and x.tenant_id = v_tenant;
  v_because := case when (p ->> 'gone')::boolean then 'gone'
                    when e.failing_since < clock_timestamp() - (p ->> 'days')::double precision * interval '1 day' then 'failing' end;
  if v_because is not null then
    update public.webhook_endpoint x set is_enabled = false, disabled_because = v_because, updated_at = clock_timestamp()
     where x.id = d.endpoint_id and x.tenant_id = v_tenant and x.is_enabled and x.removed_at is null;
    disabled := found;
    if disabled then
      perform private.audit_put(v_tenant, 'company.webhook_disabled', 'failure', 'system', null, null, d.endpoint_id, '{}',
        jsonb_build_object('because', v_because, 'failing_since', e.failing_since));
    end if;
  end if;
  -- After the last attempt there is no pause, whatever was asked for.
  v_wait := private.webhook_pause(d.tries) * (0.8 + random() * 0.4);
  if v_wait is not null then v_wait := greatest(v_wait, (p ->> 'wait')::double precision); end if;
  if v_because is not null or v_wait is null then
    perform private.webhook_end(v_tenant, p_webhook, 'failed');
    status := 'failed'; return next; return;
  end if;
  update public.webhook_delivery x set status = 'pending', next_attempt_at = clock_timestamp() + v_wait * interval '1 second'
   where x.id = p_webhook and x.tenant_id = v_tenant
  returning x.status, x.next_attempt_at into d.status, d.next_attempt_at;
  update directory.webhook_due x set due_at = d.next_attempt_at where x.id = p_webhook;
  status := d.status;
  return next;
end $$;

-- A delivery goes out again, as what it was: same id, same body. 'replayed', 'gone', 'disabled' (its endpoint), 'busy' (it is under way).
create function app.webhook_replay(p_tenant text, p_endpoint uuid, p_webhook uuid, p_actor jsonb, p_origin jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  e public.webhook_endpoint;
  d public.webhook_delivery;
begin
  select * into e from public.webhook_endpoint x where x.id = p_endpoint and x.tenant_id = v_tenant and x.removed_at is null;
  if not found then return 'gone'; end if;
  select * into d from public.webhook_delivery x where x.id = p_webhook and x.endpoint_id = p_endpoint and x.tenant_id = v_tenant for update;
  if not found then return 'gone'; end if;
  if not e.is_enabled then return 'disabled'; end if;
  if d.lease_until > clock_timestamp() then return 'busy'; end if;
  update public.webhook_delivery x set status = 'pending', tries = 0, next_attempt_at = now(), ended_at = null where x.id = p_webhook and x.tenant_id = v_tenant;
  insert into directory.webhook_due as x (id, tenant_id, endpoint_id, due_at) values (p_webhook, v_tenant, p_endpoint, now())
  on conflict (id) do update set due_at = excluded.due_at;
  perform private.audit_put(v_tenant, 'company.webhook_replayed', 'success', p_actor ->> 'type', (p_actor ->> 'id')::uuid, (p_actor ->> 'session')::uuid, p_endpoint, p_origin,
    jsonb_build_object('delivery', p_webhook, 'event_type', d.event_type));
  return 'replayed';
end $$;

-- An event that says nothing, to see whether the endpoint takes one. outcome: 'created' (id), 'gone', 'disabled'.
create function app.webhook_test(p_tenant text, p_endpoint uuid) returns table (outcome text, id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_event uuid := app.uuidv7();
  e public.webhook_endpoint;
begin
  select * into e from public.webhook_endpoint x where x.id = p_endpoint and x.tenant_id = v_tenant and x.removed_at is null;
  outcome := case when not found then 'gone' when not e.is_enabled then 'disabled' else 'created' end;
  if outcome = 'created' then
    id := private.webhook_put(v_tenant, p_endpoint, v_event, 'webhook.test', private.webhook_body(v_tenant, v_event, 'webhook.test', now(), json_build_object('webhook_id', p_endpoint)));
  end if;
  return next;
end $$;

-- How much is due, and since when: for metrics.
create function app.webhook_depth(p_proof text) returns table (waiting bigint, oldest_seconds double precision)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('due', p_proof) then raise exception 'only the relay may' using errcode = '42501'; end if;
  return query
    select count(*), coalesce(greatest(0, extract(epoch from clock_timestamp() - min(d.due_at))), 0)::double precision
      from directory.webhook_due d where d.due_at <= now();
end $$;

create function app.purge_webhooks() returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_gone bigint;
begin
  with gone as (delete from public.webhook_delivery where id in (
    select id from public.webhook_delivery where id < private.uuid_at(now() - interval '30 days') and created_at < now() - interval '30 days' limit 10000) returning 1)
  select count(*) into v_gone from gone;
  return v_gone;
end $$;
