create table public.audit_event (
  id uuid not null default app.uuidv7(),
  tenant_id uuid not null default app.current_tenant(),
  created_at timestamptz not null default clock_timestamp() check (isfinite(created_at)),
  action text not null,
  outcome text not null check (outcome in ('success', 'failure')),
  actor_type text not null default 'user' check (actor_type in ('user', 'application', 'system', 'anonymous')),
  actor_id uuid,
  session_id uuid,
  target_id uuid,
  ip_address text,
  user_agent text,
  request_id text,
  details jsonb not null default '{}' check (jsonb_typeof(details) = 'object'),
  primary key (tenant_id, id)
);
create index audit_event_actor on public.audit_event (tenant_id, actor_id, id);
create index audit_event_action on public.audit_event (tenant_id, action, id);
alter table public.audit_event enable row level security;
alter table public.audit_event force row level security;
create policy tenant on public.audit_event using (tenant_id = (select app.current_tenant()));
create policy functions on public.audit_event to current_user using (tenant_id = (select nullif(current_setting('app.bound', true), '')::uuid));

-- An event's place in its tenant's chain.
create table public.audit_chain (
  tenant_id uuid not null default app.current_tenant(),
  seq bigint not null check (seq > 0),
  event_id uuid not null,
  prev_hash bytea not null,
  hash bytea not null,
  primary key (tenant_id, seq),
  unique (tenant_id, event_id)
);
alter table public.audit_chain enable row level security;
alter table public.audit_chain force row level security;
create policy tenant on public.audit_chain using (tenant_id = (select app.current_tenant()));
create policy functions on public.audit_chain to current_user using (tenant_id = (select nullif(current_setting('app.bound', true), '')::uuid));

create table public.audit_head (
  tenant_id uuid not null default app.current_tenant(),
  seq bigint not null,
  hash bytea not null,
  signed_at text not null,
  kid text not null,
  signature text not null,
  primary key (tenant_id, seq)
);
alter table public.audit_head enable row level security;
alter table public.audit_head force row level security;
create policy tenant on public.audit_head using (tenant_id = (select app.current_tenant()));
create policy functions on public.audit_head to current_user using (tenant_id = (select nullif(current_setting('app.bound', true), '')::uuid));

-- Locked while a company's chain is written, so that it cannot fork.
create table directory.audit_sealing (tenant_id uuid primary key);

-- What waits for its place in a chain, in the order of arrival. The sealer alone empties it.
create table directory.audit_queue (n bigint generated always as identity primary key, tenant_id uuid not null, event_id uuid not null);

create function private.audit_queued() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into directory.audit_queue (tenant_id, event_id) values (new.tenant_id, new.id);
  return null;
end $$;
create trigger queued after insert on public.audit_event for each row execute function private.audit_queued();

-- p_origin: {ip, user_agent, request_id}, as much as is known.
create function private.audit_put(
  p_tenant uuid, p_action text, p_outcome text, p_actor_type text, p_actor uuid, p_session uuid, p_target uuid, p_origin jsonb, p_details jsonb
) returns void language plpgsql as $$
begin
  insert into public.audit_event (id, tenant_id, action, outcome, actor_type, actor_id, session_id, target_id, ip_address, user_agent, request_id, details)
  values (app.uuidv7(), p_tenant, p_action, p_outcome, p_actor_type, p_actor, p_session, p_target,
          p_origin ->> 'ip', p_origin ->> 'user_agent', p_origin ->> 'request_id', coalesce(p_details, '{}'));
end $$;

-- One event that stands alone, such as a refused sign-in: tenant, event and commit in one round trip.
create function app.audit_record(
  p_tenant text, p_action text, p_outcome text, p_actor_type text, p_actor uuid, p_session uuid, p_target uuid, p_origin jsonb, p_details jsonb
) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform private.audit_put(private.bind(p_tenant), p_action, p_outcome, p_actor_type, p_actor, p_session, p_target, p_origin, p_details);
end $$;

create type app.audit_row as (
  id uuid, tenant_id uuid, at text, action text, outcome text, actor_type text, actor_id uuid, session_id uuid, target_id uuid,
  ip_address text, user_agent text, request_id text, details jsonb, seq bigint, hash text
);

-- A page, newest first. Times leave as text, so that no driver rounds their microseconds.
create function app.audit_page(p_tenant text, p_limit integer, p_before uuid, p_action text, p_actor uuid, p_from timestamptz, p_to timestamptz)
returns setof app.audit_row language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_columns constant text := 'e.id, e.tenant_id, to_char(e.created_at at time zone ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"''), e.action, e.outcome,
    e.actor_type, e.actor_id, e.session_id, e.target_id, e.ip_address, e.user_agent, e.request_id, e.details, c.seq, encode(c.hash, ''hex'')';
begin
  if p_action is null and p_actor is null and p_from is null and p_to is null then
    return query
      select e.id, e.tenant_id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.action, e.outcome,
             e.actor_type, e.actor_id, e.session_id, e.target_id, e.ip_address, e.user_agent, e.request_id, e.details, c.seq, encode(c.hash, 'hex')
        from (select * from public.audit_event x where x.tenant_id = v_tenant and x.id < coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
               order by x.id desc limit p_limit) e
        left join lateral (select k.seq, k.hash from public.audit_chain k where k.tenant_id = e.tenant_id and k.event_id = e.id limit 1) c on true
       order by e.id desc;
    return;
  end if;
  -- Planned anew for each combination: only then can the index that fits be chosen.
  return query execute
    'select ' || v_columns || ' from (select * from public.audit_event x where x.tenant_id = $1'
    || case when p_before is not null then ' and x.id < $3' else '' end
    || case when p_action is not null then ' and x.action = $4' else '' end
    || case when p_actor is not null then ' and x.actor_id = $5' else '' end
    || case when p_from is not null then ' and x.created_at >= $6' else '' end
    || case when p_to is not null then ' and x.created_at < $7' else '' end
    || ' order by x.id desc limit $2) e
       left join lateral (select k.seq, k.hash from public.audit_chain k where k.tenant_id = e.tenant_id and k.event_id = e.id limit 1) c on true
       order by e.id desc'
    using v_tenant, p_limit, p_before, p_action, p_actor, p_from, p_to;
end $$;

-- Takes up to p_limit waiting events off the queue, oldest first, for the transaction that seals them, and says where each company's chain ends
-- (seq and hash in hex of the last link, or 0 and null). A lock per company keeps its chain from forking. For the sealer, who proves it.
create function app.audit_claim(p_proof text, p_limit integer) returns setof app.audit_row language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v record;
  v_seq bigint;
  v_hash text;
begin
  if not private.proven('audit sealer', p_proof) then raise exception 'only the sealer may' using errcode = '42501'; end if;
  for v in
    with taken as (
      delete from directory.audit_queue where n in (
        select q.n from directory.audit_queue q order by q.n limit p_limit for update skip locked)
      returning n, tenant_id, event_id)
    select t.tenant_id, array_agg(t.event_id order by t.n) as ids from taken t group by t.tenant_id order by t.tenant_id
  loop
    -- A row and no advisory lock: those are anybody's to take.
    insert into directory.audit_sealing (tenant_id) values (v.tenant_id) on conflict (tenant_id) do update set tenant_id = excluded.tenant_id;
    perform set_config('app.bound', v.tenant_id::text, true);
    select k.seq, encode(k.hash, 'hex') into v_seq, v_hash from public.audit_chain k where k.tenant_id = v.tenant_id order by k.seq desc limit 1;
    return query
      select e.id, e.tenant_id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.action, e.outcome,
             e.actor_type, e.actor_id, e.session_id, e.target_id, e.ip_address, e.user_agent, e.request_id, e.details, coalesce(v_seq, 0), v_hash
        from unnest(v.ids) with ordinality o (id, place) join public.audit_event e on e.tenant_id = v.tenant_id and e.id = o.id order by o.place;
  end loop;
end $$;

-- What could not be sealed goes back to the end of the queue, in the transaction that took it off: other companies go on.
create function app.audit_requeue(p_proof text, p_tenant uuid, p_events uuid[]) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('audit sealer', p_proof) then raise exception 'only the sealer may' using errcode = '42501'; end if;
  insert into directory.audit_queue (tenant_id, event_id) select p_tenant, e.id from unnest(p_events) with ordinality e (id, place) order by e.place;
end $$;

-- p_chains: [{tenant, links: [{seq, id, prev_hash, hash}], head: {seq, hash, signed_at, kid, signature}}], in the transaction that claimed them.
create function app.audit_append(p_proof text, p_chains jsonb) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v jsonb;
  v_tenant uuid;
begin
  if not private.proven('audit sealer', p_proof) then raise exception 'only the sealer may' using errcode = '42501'; end if;
  for v in select jsonb_array_elements(p_chains) loop
    v_tenant := (v ->> 'tenant')::uuid;
    perform set_config('app.bound', v_tenant::text, true);
    insert into public.audit_chain (tenant_id, seq, event_id, prev_hash, hash)
      select v_tenant, x.seq, x.id, decode(x.prev_hash, 'hex'), decode(x.hash, 'hex')
        from jsonb_to_recordset(v -> 'links') as x (seq bigint, id uuid, prev_hash text, hash text);
    insert into public.audit_head (tenant_id, seq, hash, signed_at, kid, signature)
      values (v_tenant, (v #>> '{head,seq}')::bigint, decode(v #>> '{head,hash}', 'hex'), v #>> '{head,signed_at}', v #>> '{head,kid}', v #>> '{head,signature}');
  end loop;
end $$;
