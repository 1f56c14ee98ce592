create table public.audit_event (
  id uuid not null default app.uuidv7(),
  tenant_id uuid not null default app.current_tenant(),
  created_at timestamptz not null default clock_timestamp(),
  action text not null,
  outcome text not null check (outcome in ('success', 'failure')),
  actor_type text not null default 'user' check (actor_type in ('user', 'application', 'system', 'anonymous')),
  actor_id uuid,
  session_id uuid,
  target_id uuid,
  ip_address text,
  user_agent text,
  request_id text,
  details jsonb not null default '{}',
  primary key (tenant_id, id)
);
create index audit_event_actor on public.audit_event (tenant_id, actor_id, id);
create index audit_event_action on public.audit_event (tenant_id, action, id);
alter table public.audit_event enable row level security;
alter table public.audit_event force row level security;
create policy tenant on public.audit_event using (tenant_id = (select app.current_tenant()));

-- An event's place in its tenant's chain.
create table public.audit_chain (
  tenant_id uuid not null default app.current_tenant(),
  seq bigint not null check (seq > 0),
  event_id uuid not null,
  prev_hash bytea not null,
  hash bytea not null,
  primary key (tenant_id, seq),
  unique (tenant_id, event_id),
  foreign key (tenant_id, event_id) references public.audit_event (tenant_id, id)
);
alter table public.audit_chain enable row level security;
alter table public.audit_chain force row level security;
create policy tenant on public.audit_chain using (tenant_id = (select app.current_tenant()));

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

-- What waits for its place in a chain, in the order of arrival. The sealer alone empties it.
create table directory.audit_queue (n bigint generated always as identity primary key, tenant_id uuid not null, event_id uuid not null);

create function private.audit_queued() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into directory.audit_queue (tenant_id, event_id) values (new.tenant_id, new.id);
  return null;
end $$;
create trigger queued after insert on public.audit_event for each row execute function private.audit_queued();

-- p_origin: {ip, user_agent, request_id}, as much as is known.
create function app.audit_put(
  p_action text, p_outcome text, p_actor_type text, p_actor uuid, p_session uuid, p_target uuid, p_origin jsonb, p_details jsonb
) returns void language sql set search_path = pg_catalog, pg_temp as $$
  insert into public.audit_event (action, outcome, actor_type, actor_id, session_id, target_id, ip_address, user_agent, request_id, details)
  values (p_action, p_outcome, p_actor_type, p_actor, p_session, p_target,
          p_origin ->> 'ip', p_origin ->> 'user_agent', p_origin ->> 'request_id', coalesce(p_details, '{}'))
$$;

-- One event that stands alone, such as a refused sign-in: tenant, event and commit in one round trip.
create function app.audit_record(
  p_tenant text, p_action text, p_outcome text, p_actor_type text, p_actor uuid, p_session uuid, p_target uuid, p_origin jsonb, p_details jsonb
) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform set_config('app.tenant', p_tenant, true);
  perform app.audit_put(p_action, p_outcome, p_actor_type, p_actor, p_session, p_target, p_origin, p_details);
end $$;

-- Takes up to p_limit waiting events off the queue, oldest first, for the transaction that seals them.
create function app.audit_claim(p_limit integer) returns table (tenant_id uuid, event_ids uuid[])
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with taken as (
    delete from directory.audit_queue where n in (
      select q.n from directory.audit_queue q order by q.n limit p_limit for update skip locked)
    returning n, tenant_id, event_id)
  select t.tenant_id, array_agg(t.event_id order by t.n) from taken t group by t.tenant_id order by t.tenant_id
$$;
