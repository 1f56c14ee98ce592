-- As before, and all but one action: what happens every quarter of an hour hides the rest. The one before stays for processes of before.
create function app.audit_page(p_tenant text, p_limit integer, p_before uuid, p_action text, p_except text, p_actor uuid, p_from timestamptz, p_to timestamptz)
returns setof app.audit_row language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_columns constant text := 'e.id, e.tenant_id, to_char(e.created_at at time zone ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"''), e.action, e.outcome,
    e.actor_type, e.actor_id, e.session_id, e.target_id, e.ip_address, e.user_agent, e.request_id, e.details, c.seq, encode(c.hash, ''hex''),
    e.origin_salt, e.details_salt, encode(c.parts, ''hex'')';
begin
  if p_action is null and p_except is null and p_actor is null and p_from is null and p_to is null then
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
    || case when p_except is not null then ' and x.action <> $5' else '' end
    || case when p_actor is not null then ' and x.actor_id = $6' else '' end
    || case when p_from is not null then ' and x.created_at >= $7' else '' end
    || case when p_to is not null then ' and x.created_at < $8' else '' end
    || ' order by x.id desc limit $2) e
       left join lateral (select k.seq, k.hash, k.parts from public.audit_chain k where k.tenant_id = e.tenant_id and k.event_id = e.id limit 1) c on true
       order by e.id desc'
    using v_tenant, p_limit, p_before, p_action, p_except, p_actor, p_from, p_to;
end $$;
