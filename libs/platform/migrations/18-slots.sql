-- For callers that keep no id: in a slot, of all codes to one subject the newest is the one that counts. Null for everybody else's.
alter table public.verification add column slot text;
create index verification_slot on public.verification (tenant_id, slot, subject, id) where slot is not null;

-- People by what stands before the @ of their address.
create index user_account_local_part on public.user_account (tenant_id, split_part(email_canonical, '@', 1));

-- As app.verification_create, and no earlier code of the slot is good any more, once this one is on its way. p: as there, with slot.
create function app.verification_create_in_slot(p_tenant text, p jsonb, p_actor jsonb, p_origin jsonb, p_limits jsonb) returns table (
  outcome text, rule text, response jsonb
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_earlier uuid;
begin
  -- Two that ask at once count on the same number, or person, and so come one after the other: one code is left.
  select c.outcome, c.rule, c.response into outcome, rule, response from app.verification_create(p_tenant, p, null, p_actor, p_origin, p_limits) c;
  if outcome = 'created' then
    for v_earlier in
      select x.id from public.verification x
       where x.tenant_id = v_tenant and x.slot = p ->> 'slot' and x.subject = p ->> 'subject' and x.status = 'pending' order by x.id for update
    loop
      perform private.challenge_end(v_tenant, v_earlier);
    end loop;
    update public.verification x set slot = p ->> 'slot' where x.id = (p ->> 'id')::uuid and x.tenant_id = v_tenant;
  end if;
  return next;
end $$;
