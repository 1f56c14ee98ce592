-- A person can be taken out of the audit trail, and the chain still verifies. What is personal in an event stands in two parts: its origin
-- (address and browser of whoever acted) and its details. The chain hashes each part only through a salted hash of it; once part and salt
-- are gone, that hash stays and tells nothing (docs/decisions/0011-erasure.md).
alter table public.audit_event add column origin_salt uuid, add column details_salt uuid;
-- Of what was written before there are no salts: it is sealed, or was, in the first form.
alter table public.audit_event alter column origin_salt set default gen_random_uuid(), alter column details_salt set default gen_random_uuid();

-- The hashes of the two parts, one after the other. Null: sealed in the first form. Empty: sealed in the first form, and erased since.
alter table public.audit_chain add column parts bytea check (length(parts) in (0, 64));

-- What happened to a person and theirs, to be found when they ask or are erased. Verifications have an index of their own, messages are found by
-- their time, and a sign-in has no target: it pays nothing for this.
create index audit_event_target on public.audit_event (tenant_id, target_id)
  where target_id is not null and action not like 'verification.%' and action not like 'message.%';

alter type app.audit_row add attribute origin_salt uuid, add attribute details_salt uuid, add attribute parts text;

-- As before, with what the second form needs.
create or replace function app.audit_page(p_tenant text, p_limit integer, p_before uuid, p_action text, p_actor uuid, p_from timestamptz, p_to timestamptz)
returns setof app.audit_row language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_columns constant text := 'e.id, e.tenant_id, to_char(e.created_at at time zone ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"''), e.action, e.outcome,
    e.actor_type, e.actor_id, e.session_id, e.target_id, e.ip_address, e.user_agent, e.request_id, e.details, c.seq, encode(c.hash, ''hex''),
    e.origin_salt, e.details_salt, encode(c.parts, ''hex'')';
begin
  if p_action is null and p_actor is null and p_from is null and p_to is null then
    return query
      select e.id, e.tenant_id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.action, e.outcome,
             e.actor_type, e.actor_id, e.session_id, e.target_id, e.ip_address, e.user_agent, e.request_id, e.details, c.seq, encode(c.hash, 'hex'),
             e.origin_salt, e.details_salt, encode(c.parts, 'hex')
        from (select * from public.audit_event x where x.tenant_id = v_tenant and x.id < coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
               order by x.id desc limit p_limit) e
        left join lateral (select k.seq, k.hash, k.parts from public.audit_chain k where k.tenant_id = e.tenant_id and k.event_id = e.id limit 1) c on true
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
       left join lateral (select k.seq, k.hash, k.parts from public.audit_chain k where k.tenant_id = e.tenant_id and k.event_id = e.id limit 1) c on true
       order by e.id desc'
    using v_tenant, p_limit, p_before, p_action, p_actor, p_from, p_to;
end $$;

-- As before, with the salts.
create or replace function app.audit_claim(p_proof text, p_limit integer) returns setof app.audit_row
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
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
             e.actor_type, e.actor_id, e.session_id, e.target_id, e.ip_address, e.user_agent, e.request_id, e.details, coalesce(v_seq, 0), v_hash,
             e.origin_salt, e.details_salt, null::text
        from unnest(v.ids) with ordinality o (id, place) join public.audit_event e on e.tenant_id = v.tenant_id and e.id = o.id order by o.place;
  end loop;
end $$;

-- As before; of a link, parts, too.
create or replace function app.audit_append(p_proof text, p_chains jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v jsonb;
  v_tenant uuid;
begin
  if not private.proven('audit sealer', p_proof) then raise exception 'only the sealer may' using errcode = '42501'; end if;
  for v in select jsonb_array_elements(p_chains) loop
    v_tenant := (v ->> 'tenant')::uuid;
    perform set_config('app.bound', v_tenant::text, true);
    insert into public.audit_chain (tenant_id, seq, event_id, prev_hash, hash, parts)
      select v_tenant, x.seq, x.id, decode(x.prev_hash, 'hex'), decode(x.hash, 'hex'), decode(x.parts, 'hex')
        from jsonb_to_recordset(v -> 'links') as x (seq bigint, id uuid, prev_hash text, hash text, parts text);
    insert into public.audit_head (tenant_id, seq, hash, signed_at, kid, signature)
      values (v_tenant, (v #>> '{head,seq}')::bigint, decode(v #>> '{head,hash}', 'hex'), v #>> '{head,signed_at}', v #>> '{head,kid}', v #>> '{head,signature}');
  end loop;
end $$;

-- A person's verifications: their own codes, and those that applications sent to an address of theirs.
create function private.verifications_of(p_tenant uuid, p_user uuid, p_macs text[]) returns uuid[] language plpgsql stable as $$
begin
  return (
    select coalesce(array_agg(v.id), '{}') from public.verification v
     where v.tenant_id = p_tenant
       and (v.user_id = p_user or v.purpose = 'api' and exists (select from jsonb_array_elements(v.workflow) s where s ->> 'mac' = any (p_macs))));
end $$;

-- The events that tell of a person, and which part of each does: the origin of what they did themselves, and the details of what was done to
-- them or to what is theirs. Where somebody else acted, from where is that other's. What is theirs and gone, their own events still name.
create function private.events_of(p_tenant uuid, p_user uuid, p_verifications uuid[], p_messages uuid[]) returns table (id uuid, origin boolean, details boolean)
language plpgsql stable as $$
declare
  v_own uuid[];
begin
  select array_agg(distinct x.id) into v_own from (
    select p_user as id
    union all select unnest(p_verifications)
    union all select s.id from public.session s where s.tenant_id = p_tenant and s.user_id = p_user
    union all select f.id from public.mfa_factor f where f.tenant_id = p_tenant and f.user_id = p_user
    union all select e.target_id from public.audit_event e
     where e.tenant_id = p_tenant and e.actor_id = p_user and e.target_id is not null
       and e.action in ('mfa.enrolment_started', 'mfa.factor_added', 'mfa.factor_removed', 'mfa.backup_codes_made', 'mfa.challenged', 'auth.session_revoked')
    union all select (e.details ->> 'verification_id')::uuid from public.audit_event e
     where e.tenant_id = p_tenant and e.actor_id = p_user and e.action = 'mfa.challenged') x
   where x.id is not null;
  return query
    select m.id, bool_or(m.origin), bool_or(m.details) from (
      select e.id, true as origin, e.target_id is null as details from public.audit_event e where e.tenant_id = p_tenant and e.actor_id = p_user
      union all
      -- What an erasure says of itself explains the chain.
      select e.id, false, true from public.audit_event e
       where e.tenant_id = p_tenant and e.target_id = any (v_own) and e.action <> 'users.erased'
         and e.action not like 'verification.%' and e.action not like 'message.%'
      union all
      select e.id, false, true from public.audit_event e
       where e.tenant_id = p_tenant and e.target_id = any (v_own) and e.action like 'verification.%'
      union all
      -- Written in the transaction of the message, so their ids (UUIDv7) are of one time.
      select e.id, false, true
        from (select w.id, to_timestamp(('x' || left(replace(w.id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) as at from unnest(p_messages) w (id)) w
        join public.audit_event e on e.tenant_id = p_tenant and e.target_id = w.id and e.action like 'message.%'
         and e.id between private.uuid_at(w.at - interval '5 minutes') and private.uuid_at(w.at + interval '5 minutes')
      union all
      -- Whoever registers a company does it before there is anybody who could be named.
      select e.id, true, false from public.audit_event e
       where e.tenant_id = p_tenant and e.action = 'company.created' and e.actor_id is null
         and e.request_id in (select o.request_id from public.audit_event o where o.tenant_id = p_tenant and o.actor_id = p_user and o.action = 'users.created')
    ) m group by m.id;
end $$;

-- What is kept of a person under ids: for their export. p_macs: of their addresses; p_messages: plain messages that went to one of these.
create function app.person_records(p_tenant text, p_user uuid, p_macs text[], p_messages uuid[]) returns table (verifications uuid[], events jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  verifications := private.verifications_of(v_tenant, p_user, coalesce(p_macs, '{}'));
  select coalesce(jsonb_agg(jsonb_build_array(m.id, m.origin, m.details) order by m.id), '[]') into events
    from private.events_of(v_tenant, p_user, verifications, coalesce(p_messages, '{}')) m;
  return next;
end $$;

-- Numbers as people write them: 1-3,7.
create function private.ranges(p_numbers bigint[]) returns text language sql immutable as $$
  select string_agg(case when r.first = r.last then r.first::text else r.first || '-' || r.last end, ',' order by r.first)
    from (select min(g.n) as first, max(g.n) as last
            from (select n, n - row_number() over (order by n) as island from unnest(p_numbers) n) g group by g.island) r
$$;

-- What stays of an event that was sealed in the first form and erased: its hash cannot be worked out any more, so the erasure vouches for the rest.
create function private.remains(p_tenant uuid, p_seqs bigint[]) returns text language sql stable as $$
  select encode(sha256(convert_to(string_agg(encode(sha256(convert_to(concat_ws(E'\n', c.seq, e.id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           e.action, e.outcome, e.actor_type, coalesce(e.actor_id::text, '-'), coalesce(e.session_id::text, '-'), coalesce(e.target_id::text, '-'), coalesce(e.request_id, '-'),
           encode(c.prev_hash, 'hex'), encode(c.hash, 'hex')), 'UTF8')), 'hex'), '' order by c.seq), 'UTF8')), 'hex')
    from public.audit_chain c join public.audit_event e on e.tenant_id = c.tenant_id and e.id = c.event_id
   where c.tenant_id = p_tenant and c.seq = any (p_seqs)
$$;

-- Takes a person out of the audit trail. Returns what the event that says so says: which places in the chain lost which part. An event that has
-- no place yet is sealed as it is left.
create function private.events_erase(p_tenant uuid, p_user uuid, p_verifications uuid[], p_messages uuid[], erased out bigint, details out jsonb) language plpgsql as $$
declare
  v_events jsonb;
  v_origins bigint[];
  v_details bigint[];
  v_first bigint[];
begin
  -- No event gets its place meanwhile: what is sealed is what was read.
  insert into directory.audit_sealing (tenant_id) values (p_tenant) on conflict (tenant_id) do update set tenant_id = excluded.tenant_id;
  select jsonb_agg(jsonb_build_object('id', x.id, 'seq', x.seq, 'first_form', x.first_form, 'origin', x.origin, 'details', x.details)),
         array_agg(x.seq) filter (where x.seq is not null and not x.first_form and x.origin),
         array_agg(x.seq) filter (where x.seq is not null and not x.first_form and x.details),
         array_agg(x.seq) filter (where x.first_form)
    into v_events, v_origins, v_details, v_first
    from (
      select m.id, c.seq, c.seq is not null and c.parts is null as first_form,
             m.origin and (c.parts is null or e.origin_salt is not null) as origin, m.details and (c.parts is null or e.details_salt is not null) as details
        from private.events_of(p_tenant, p_user, p_verifications, p_messages) m
        join public.audit_event e on e.tenant_id = p_tenant and e.id = m.id
        left join public.audit_chain c on c.tenant_id = p_tenant and c.event_id = m.id
       where c.parts is null or length(c.parts) > 0) x
   where x.origin or x.details;
  update public.audit_event e
     set ip_address = case when x.origin or x.first_form then null else e.ip_address end,
         user_agent = case when x.origin or x.first_form then null else e.user_agent end,
         origin_salt = case when x.origin and x.seq is not null then null else e.origin_salt end,
         details = case when x.details or x.first_form then '{}' else e.details end,
         details_salt = case when x.details and x.seq is not null then null else e.details_salt end
    from jsonb_to_recordset(v_events) as x (id uuid, seq bigint, first_form boolean, origin boolean, details boolean)
   where e.tenant_id = p_tenant and e.id = x.id;
  get diagnostics erased = row_count;
  update public.audit_chain c set parts = '' where c.tenant_id = p_tenant and c.seq = any (v_first);
  details := jsonb_strip_nulls(jsonb_build_object('origins', private.ranges(v_origins), 'details', private.ranges(v_details),
    'first_form', private.ranges(v_first), 'first_form_remains', case when v_first is not null then private.remains(p_tenant, v_first) end));
end $$;

-- Erases a person of the company: the account and all that hangs on it, what was sent to them, and what is theirs in the audit trail; the ids stay there.
-- Null: there is and was nobody of this id. Locks as everything does: sign-ins, factors, the person, and codes under them.
create function app.person_erase(p_tenant text, p_user uuid, p_macs text[], p_messages uuid[], p_actor uuid, p_session uuid, p_origin jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_macs text[] := coalesce(p_macs, '{}');
  v_messages uuid[];
  v_verifications uuid[];
  v_deliveries uuid[];
  v_sessions bigint;
  v_factors bigint;
  v_events record;
begin
  perform from public.user_account u where u.id = p_user and u.tenant_id = v_tenant;
  if not found then
    -- Deleted before, and perhaps not erased.
    perform from public.audit_event e where e.tenant_id = v_tenant and e.target_id = p_user and e.action = 'users.deleted'
      and e.action not like 'verification.%' and e.action not like 'message.%';
    if not found then return null; end if;
  end if;
  delete from public.sign_in s where s.user_id = p_user and s.tenant_id = v_tenant;
  perform from public.mfa_factor f where f.user_id = p_user and f.tenant_id = v_tenant order by f.id for update;
  perform from public.user_account u where u.id = p_user and u.tenant_id = v_tenant for update;
  select coalesce(array_agg(d.id), '{}') into v_messages from public.delivery d
   where d.tenant_id = v_tenant and d.id = any (p_messages) and d.verification_id is null;
  v_verifications := private.verifications_of(v_tenant, p_user, v_macs);
  perform from public.verification v where v.tenant_id = v_tenant and v.id = any (v_verifications) order by v.id for update;
  v_events := private.events_erase(v_tenant, p_user, v_verifications, v_messages);

  select v_messages || coalesce(array_agg(d.id), '{}') into v_deliveries from public.delivery d where d.tenant_id = v_tenant and d.verification_id = any (v_verifications);
  delete from directory.due where id = any (v_verifications || v_deliveries);
  delete from public.delivery_receipt r where r.tenant_id = v_tenant and r.attempt_id in (
    select a.id from public.delivery_attempt a where a.tenant_id = v_tenant and a.delivery_id = any (v_deliveries));
  delete from public.verification v where v.tenant_id = v_tenant and v.id = any (v_verifications);
  delete from public.delivery d where d.tenant_id = v_tenant and d.id = any (v_messages);
  delete from public.idempotency i where i.tenant_id = v_tenant and i.caller_id = p_user;
  delete from public.mfa_factor f where f.user_id = p_user and f.tenant_id = v_tenant;
  get diagnostics v_factors = row_count;
  -- Invitations name an address and nobody's account.
  delete from public.account_link l using public.user_account u
   where u.id = p_user and u.tenant_id = v_tenant and l.tenant_id = v_tenant and l.email_canonical = u.email_canonical;
  delete from public.session s where s.user_id = p_user and s.tenant_id = v_tenant;
  get diagnostics v_sessions = row_count;
  delete from public.user_account u where u.id = p_user and u.tenant_id = v_tenant;
  delete from directory.attempt a where a.key = private.attempt_key(v_tenant, 'mfa', p_user::text);
  perform private.audit_put(v_tenant, 'users.erased', 'success', 'user', p_actor, p_session, p_user, p_origin, v_events.details);
  return jsonb_build_object('sessions', v_sessions, 'factors', v_factors, 'verifications', cardinality(v_verifications),
    'messages', cardinality(v_messages), 'audit_events', v_events.erased);
end $$;

-- A company by its domain, for who imports people into it and proves to be the app.
create function app.company_find(p_domain text, p_proof text) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not private.proven('lookup:' || p_domain, p_proof) then raise exception 'this lookup is not signed' using errcode = '42501'; end if;
  return (select c.tenant_id from directory.company c where c.domain = p_domain);
end $$;
