-- Verifications (a code to a person) and deliveries (a message to a person). What is due stands in one narrow queue that no tenant owns:
-- ids and times, nothing else. Claiming a row moves its time on, so that whoever claimed it and died only made it wait.
create table directory.due (
  id uuid primary key,
  tenant_id uuid not null,
  kind text not null,
  due_at timestamptz not null
) with (fillfactor = 70);
create index due_order on directory.due (kind, due_at);

-- Sends (and approvals, for the rule of conversion) per key and window. Keyed by a MAC over company, rule and subject: the table names nobody.
create table directory.send_count (
  key bytea not null,
  window_at timestamptz not null,
  sent integer not null default 0,
  approved integer not null default 0,
  primary key (key, window_at)
) with (fillfactor = 70);

-- Where a company's settings cap a provider's rate. next_at: the first turn that nobody has reserved. spent_at: what was really begun, each call
-- worth one over the rate: turns that pass while nobody works are no licence to call all at once.
create table directory.pace (
  tenant_id uuid not null,
  provider text not null,
  next_at timestamptz not null,
  spent_at timestamptz not null,
  primary key (tenant_id, provider)
) with (fillfactor = 50);

create table public.channel_settings (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant() references public.tenant (id),
  provider text not null,
  channels text[] not null,
  settings text not null,
  priority integer not null default 100,
  is_enabled boolean not null default true,
  rate_per_second double precision check (rate_per_second > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, provider)
);

create table public.verification (
  id uuid not null,
  tenant_id uuid not null default app.current_tenant(),
  purpose text not null check (purpose in ('api', 'factor')),
  application_id uuid,
  user_id uuid,
  factor_id uuid,
  sign_in_id uuid,
  -- Whose failures count together: a person, or a recipient.
  subject text not null,
  code_mac bytea not null,
  -- Sealed. Null once nothing may be sent any more.
  code text,
  -- [{channel, to (sealed), masked, mac, country, prefix, provider}]
  workflow jsonb not null,
  step integer not null default 0,
  status text not null default 'pending' check (status in ('pending', 'approved', 'expired', 'max_attempts_reached', 'canceled')),
  attempts integer not null default 0,
  sends integer not null default 1,
  locale text not null,
  reference text,
  -- For the cap on an address, as long as messages may go out.
  person_ip text,
  channel_timeout integer not null,
  created_at timestamptz not null default now(),
  resend_after timestamptz not null,
  escalate_at timestamptz,
  expires_at timestamptz not null,
  ended_at timestamptz,
  primary key (id, tenant_id),
  foreign key (tenant_id, user_id) references public.user_account (tenant_id, id) on delete cascade
) with (fillfactor = 70);

create table public.delivery (
  id uuid not null,
  tenant_id uuid not null default app.current_tenant(),
  verification_id uuid,
  step integer not null default 0,
  channel text not null check (channel in ('sms', 'voice', 'email', 'telegram')),
  -- Sealed, for the verification or else for this row.
  recipient text not null,
  recipient_masked text not null,
  country text,
  -- Only by this provider, when set.
  provider text,
  template text not null,
  locale text not null,
  -- Sealed {variables} or {text} of a plain message. Null once over.
  payload text,
  reference text,
  -- What a vendor counts: the segments of a text message.
  units integer not null default 1,
  -- W3C traceparent of the request that wanted it, where requests are traced.
  trace text,
  status text not null default 'queued' check (status in ('queued', 'sending', 'accepted', 'delivered', 'failed', 'unknown', 'expired', 'canceled')),
  reason text,
  -- Providers that will not deliver it, and those of whom nobody knows.
  refused text[] not null default '{}',
  doubted text[] not null default '{}',
  tries integer not null default 0,
  attempt_id uuid,
  lease_until timestamptz,
  reserved_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  primary key (id, tenant_id),
  foreign key (verification_id, tenant_id) references public.verification (id, tenant_id) on delete cascade
) with (fillfactor = 60);
create index delivery_of_verification on public.delivery (verification_id, tenant_id) where verification_id is not null;

-- One call of one provider. The ledger of costs, too: what went out costs, what did not is 0.
create table public.delivery_attempt (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant(),
  delivery_id uuid not null,
  provider text not null,
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  outcome text check (outcome in ('accepted', 'definite', 'retryable', 'ambiguous', 'configuration')),
  reason text,
  vendor_code text,
  provider_message_id text,
  receipt text check (receipt in ('delivered', 'failed')),
  receipt_reason text,
  receipt_at timestamptz,
  cost numeric(14, 5) not null default 0,
  foreign key (delivery_id, tenant_id) references public.delivery (id, tenant_id) on delete cascade
) with (fillfactor = 70);
create index delivery_attempt_of on public.delivery_attempt (delivery_id, tenant_id);
create index delivery_attempt_named on public.delivery_attempt (tenant_id, provider, provider_message_id) where provider_message_id is not null;

-- What vendors told us, each event once.
create table public.delivery_receipt (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant(),
  provider text not null,
  event_id text not null,
  attempt_id uuid,
  provider_message_id text,
  outcome text not null check (outcome in ('delivered', 'failed', 'progress')),
  reason text,
  at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  -- Somebody reacts to it, since then; -infinity: it went wrong.
  taken_at timestamptz not null default clock_timestamp(),
  handled_at timestamptz,
  expires_at timestamptz not null default now() + interval '1 day',
  unique (tenant_id, provider, event_id)
);
create index delivery_receipt_of on public.delivery_receipt (tenant_id, attempt_id) where attempt_id is not null;
create index delivery_receipt_named on public.delivery_receipt (tenant_id, provider, provider_message_id) where attempt_id is null;

create table public.spend (
  id uuid primary key default app.uuidv7(),
  tenant_id uuid not null default app.current_tenant(),
  day date not null,
  amount numeric(14, 5) not null default 0,
  created_at timestamptz not null default now(),
  unique (tenant_id, day)
) with (fillfactor = 50);

create table public.idempotency (
  id uuid primary key default app.uuidv7(),
  tenant_id uuid not null default app.current_tenant(),
  caller_id uuid not null,
  key_hash bytea not null,
  body_hash bytea not null,
  response jsonb not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '24 hours',
  unique (tenant_id, caller_id, key_hash)
);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['channel_settings', 'verification', 'delivery', 'delivery_attempt', 'delivery_receipt', 'spend', 'idempotency'] loop
    execute format('alter table public.%I enable row level security', v_table);
    execute format('alter table public.%I force row level security', v_table);
    execute format('create policy tenant on public.%I using (tenant_id = (select app.current_tenant()))', v_table);
    execute format('create policy functions on public.%I to current_user using (tenant_id = nullif(current_setting(''app.bound'', true), '''')::uuid)', v_table);
  end loop;
end $$;
create policy retention on public.verification for all to current_user using (expires_at < now() - interval '30 days') with check (false);
create policy retention on public.delivery for all to current_user using (expires_at < now() - interval '30 days') with check (false);
create policy retention on public.delivery_receipt for all to current_user using (expires_at < now() - interval '30 days') with check (false);
create policy retention on public.idempotency for all to current_user using (expires_at < now() - interval '1 minute') with check (false);

-- The timeline of a verification is read from the audit trail.
create index audit_event_verification on public.audit_event (tenant_id, target_id, id) where action like 'verification.%';

-- Whether one more message may go to this step's recipient: null, and counted, or the name of the rule that says no. What is refused goes
-- nowhere and counts for nothing: or whoever hammers one number would stop its whole range.
-- p_limits: {number|account|ip|prefix: {seconds, most}, conversion: {hours, least, rate}}.
-- p_purpose 'factor', 'account': counted apart, so that nobody who sends codes to strangers can shut a company's own people out of their second factor,
-- and nobody who asks for links out of their codes.
create function private.send_admit(p_tenant uuid, p_step jsonb, p_account text, p_ip text, p_limits jsonb, p_purpose text default 'api') returns text language plpgsql as $$
declare
  v_prefix text := case when p_step ->> 'country' is not null then p_step ->> 'prefix' end;
  v_kind text := case p_purpose when 'factor' then 'send:factor:' when 'account' then 'send:account:' when 'device' then 'send:device:' else 'send:' end;
  v_now bigint := floor(extract(epoch from now()));
  v_limit jsonb;
  v_subject text;
  v_counted text;
  v_rule text;
  v_key bytea;
  v_sent integer;
  v_rules text[] := '{}';
  v_most integer[] := '{}';
  v_keys bytea[] := '{}';
  v_windows timestamptz[] := '{}';
begin
  if v_prefix is not null and p_purpose <> 'factor' and p_limits ? 'conversion' then
    select 'conversion' into v_rule from directory.send_count c
     where c.key = private.attempt_key(p_tenant, 'send:prefix', v_prefix)
       and c.window_at > now() - (p_limits #>> '{conversion,hours}')::integer * interval '1 hour'
    having sum(c.sent) >= (p_limits #>> '{conversion,least}')::integer and sum(c.approved) < sum(c.sent) * (p_limits #>> '{conversion,rate}')::numeric;
    if v_rule is not null then return v_rule; end if;
  end if;
  foreach v_counted in array array['number', 'account', 'ip', 'prefix'] loop
    v_subject := case v_counted when 'number' then p_step ->> 'mac' when 'account' then p_account when 'ip' then p_ip else v_prefix end;
    continue when v_subject is null;
    v_limit := p_limits -> v_counted;
    v_rules := v_rules || v_counted;
    v_most := v_most || (v_limit ->> 'most')::integer;
    v_keys := v_keys || private.attempt_key(p_tenant, v_kind || v_counted, v_subject);
    v_windows := v_windows || to_timestamp(v_now - v_now % (v_limit ->> 'seconds')::bigint);
  end loop;
  -- In one order, or two that count the same would wait for each other.
  for v_key, v_sent in
    insert into directory.send_count as c (key, window_at, sent)
    select k.key, k.window_at, 1 from unnest(v_keys, v_windows) k (key, window_at) order by k.key
    on conflict (key, window_at) do update set sent = c.sent + 1
    returning c.key, c.sent
  loop
    v_counted := v_rules[array_position(v_keys, v_key)];
    if v_sent > v_most[array_position(v_keys, v_key)] then v_rule := least(v_rule, v_counted); end if;
  end loop;
  if v_rule is not null then
    update directory.send_count c set sent = c.sent - 1 from unnest(v_keys, v_windows) k (key, window_at)
     where c.key = k.key and c.window_at = k.window_at;
  end if;
  return v_rule;
end $$;

create function private.person_of(p_actor jsonb) returns text language sql immutable as $$ select case when p_actor ->> 'type' = 'user' then p_actor ->> 'id' end $$;

-- A delivery of this step of a verification, due now.
create function private.delivery_put(p_tenant uuid, p_verification uuid, p_at integer, p_step jsonb, p_locale text, p_trace text, p_expires timestamptz) returns void
language plpgsql as $$
declare
  v_id uuid := app.uuidv7();
begin
  insert into public.delivery (id, tenant_id, verification_id, step, channel, recipient, recipient_masked, country, provider, template, locale, trace, expires_at)
  values (v_id, p_tenant, p_verification, p_at, p_step ->> 'channel', p_step ->> 'to', p_step ->> 'masked', p_step ->> 'country', p_step ->> 'provider', 'code', p_locale,
          p_trace, p_expires);
  insert into directory.due (id, tenant_id, kind, due_at) values (v_id, p_tenant, p_step ->> 'channel', now());
end $$;

create function private.due_put(p_id uuid, p_tenant uuid, p_kind text, p_at timestamptz) returns void language sql as $$
  insert into directory.due (id, tenant_id, kind, due_at) values (p_id, p_tenant, p_kind, p_at) on conflict (id) do update set due_at = excluded.due_at
$$;

-- Sends by the first step from v.step on that no rule refuses; refusals are said in the audit trail. sent false: by none. step, escalate_at: where
-- it stands now.
create function private.verification_send(
  v public.verification, p_reason text, p_actor jsonb, p_origin jsonb, p_limits jsonb, sent out boolean, rule out text, step out integer, escalate_at out timestamptz
) language plpgsql as $$
declare
  -- What follows later is for the same person as what began it.
  v_ip text := coalesce(p_origin ->> 'person_ip', v.person_ip);
  v_step jsonb;
  v_refused text;
  v_trace text := p_origin ->> 'trace';
begin
  sent := false;
  step := v.step;
  loop
    v_step := v.workflow -> step;
    exit when v_step is null;
    -- The account's cap is for people, whose code it is or who ask for one: an application sends to many.
    v_refused := private.send_admit(v.tenant_id, v_step, coalesce(v.user_id::text, private.person_of(p_actor)), v_ip, p_limits, v.purpose);
    if v_refused is null then
      if p_reason <> 'created' then
        -- What still waits to be sent would otherwise be sent twice.
        perform private.verification_still(v.tenant_id, v.id);
        -- What follows by itself belongs to the request that began it.
        if v_trace is null then
          select d.trace into v_trace from public.delivery d where d.tenant_id = v.tenant_id and d.verification_id = v.id order by d.id limit 1;
        end if;
      end if;
      perform private.delivery_put(v.tenant_id, v.id, step, v_step, v.locale, v_trace, v.expires_at);
      perform private.audit_put(v.tenant_id, 'verification.sent', 'success', p_actor ->> 'type', (p_actor ->> 'id')::uuid, (p_actor ->> 'session')::uuid, v.id, p_origin,
        jsonb_build_object('channel', v_step ->> 'channel', 'recipient', v_step ->> 'masked', 'step', step, 'because', p_reason, 'purpose', v.purpose, 'reference', v.reference));
      sent := true;
      exit;
    end if;
    rule := v_refused;
    perform private.audit_put(v.tenant_id, 'verification.blocked', 'failure', p_actor ->> 'type', (p_actor ->> 'id')::uuid, (p_actor ->> 'session')::uuid, v.id, p_origin,
      jsonb_build_object('rule', v_refused, 'channel', v_step ->> 'channel', 'recipient', v_step ->> 'masked', 'prefix', v_step ->> 'prefix', 'step', step));
    step := step + 1;
  end loop;
  escalate_at := case when sent and step + 1 < jsonb_array_length(v.workflow) then now() + v.channel_timeout * interval '1 second' end;
end $$;

-- Nothing more goes out for it. What is under way cannot be called back.
create function private.verification_still(p_tenant uuid, p_verification uuid) returns void language plpgsql as $$
begin
  with stopped as (
    update public.delivery d set status = 'canceled', ended_at = clock_timestamp(), lease_until = null
     where d.tenant_id = p_tenant and d.verification_id = p_verification and d.status in ('queued', 'unknown')
    returning d.id)
  -- Not `in (…) or id =`: no index answers that, and what is due would be read from end to end.
  delete from directory.due where id in (select id from stopped union all select p_verification);
end $$;

-- The first request with this Idempotency-Key: outcome is null, and p_response is what the next will read. Otherwise 'repeated' with the first one's
-- answer, or 'conflict' where the body was another. p_key: {caller, key, body} in hex, or null.
create function private.idempotency_begin(p_tenant uuid, p_key jsonb, p_response jsonb, outcome out text, response out jsonb) language plpgsql as $$
declare
  v_known public.idempotency;
begin
  if p_key is null then return; end if;
  -- Whoever comes second waits here for the first to commit.
  insert into public.idempotency as i (tenant_id, caller_id, key_hash, body_hash, response)
  values (p_tenant, (p_key ->> 'caller')::uuid, decode(p_key ->> 'key', 'hex'), decode(p_key ->> 'body', 'hex'), p_response)
  on conflict (tenant_id, caller_id, key_hash) do update
    set body_hash = excluded.body_hash, response = excluded.response, created_at = excluded.created_at, expires_at = excluded.expires_at
    where i.expires_at <= now();
  if found then return; end if;
  select * into v_known from public.idempotency i
   where i.tenant_id = p_tenant and i.caller_id = (p_key ->> 'caller')::uuid and i.key_hash = decode(p_key ->> 'key', 'hex');
  outcome := case when v_known.body_hash = decode(p_key ->> 'body', 'hex') then 'repeated' else 'conflict' end;
  response := v_known.response;
end $$;

-- What the next request with the key will read; null: nothing came of this one, and the key is free again.
create function private.idempotency_end(p_tenant uuid, p_key jsonb, p_response jsonb) returns void language plpgsql as $$
begin
  if p_key is null then return; end if;
  if p_response is null then
    delete from public.idempotency i where i.tenant_id = p_tenant and i.caller_id = (p_key ->> 'caller')::uuid and i.key_hash = decode(p_key ->> 'key', 'hex');
  else
    update public.idempotency i set response = p_response
     where i.tenant_id = p_tenant and i.caller_id = (p_key ->> 'caller')::uuid and i.key_hash = decode(p_key ->> 'key', 'hex');
  end if;
end $$;

-- A new verification, sent at once. outcome: 'created', 'repeated' (the same Idempotency-Key and body before), 'conflict' (the key with
-- another body), 'blocked' (rule). rule of 'created': why a step was left out. p: what is stored, as Verifications makes it; p_key: {caller, key, body} in hex, or null.
create function app.verification_create(p_tenant text, p jsonb, p_key jsonb, p_actor jsonb, p_origin jsonb, p_limits jsonb) returns table (
  outcome text, rule text, response jsonb
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v public.verification;
  v_sent record;
begin
  if p_key is not null then
    select i.outcome, i.response into outcome, response from private.idempotency_begin(v_tenant, p_key, '{}') i;
    if outcome is not null then return next; return; end if;
  end if;
  v.id := (p ->> 'id')::uuid; v.tenant_id := v_tenant; v.purpose := p ->> 'purpose'; v.subject := p ->> 'subject';
  v.application_id := (p ->> 'application_id')::uuid; v.user_id := (p ->> 'user_id')::uuid;
  v.factor_id := (p ->> 'factor_id')::uuid; v.sign_in_id := (p ->> 'sign_in_id')::uuid;
  v.code_mac := decode(p ->> 'code_mac', 'hex'); v.code := p ->> 'code'; v.workflow := p -> 'workflow'; v.step := 0;
  v.status := 'pending'; v.attempts := 0; v.sends := 1; v.locale := p ->> 'locale'; v.reference := p ->> 'reference'; v.person_ip := p_origin ->> 'person_ip';
  v.channel_timeout := (p ->> 'channel_timeout')::integer; v.created_at := now();
  v.resend_after := now() + (p ->> 'cooldown')::integer * interval '1 second';
  v.expires_at := now() + (p ->> 'seconds')::integer * interval '1 second';
  insert into public.verification select v.*;
  v_sent := private.verification_send(v, 'created', p_actor, p_origin, p_limits);
  if not v_sent.sent then
    -- What was refused is in the audit trail; nothing else stays.
    delete from public.verification x where x.id = v.id and x.tenant_id = v_tenant;
    perform private.idempotency_end(v_tenant, p_key, null);
    outcome := 'blocked'; rule := v_sent.rule;
    return next; return;
  end if;
  if v_sent.step > 0 or v_sent.escalate_at is not null then
    update public.verification x set step = v_sent.step, escalate_at = v_sent.escalate_at where x.id = v.id and x.tenant_id = v_tenant;
  end if;
  insert into directory.due (id, tenant_id, kind, due_at) values (v.id, v_tenant, 'verification', least(v_sent.escalate_at, v.expires_at));
  response := jsonb_build_object('id', v.id, 'expires_at', v.expires_at, 'resend_after', v.resend_after, 'step', v_sent.step);
  if p_key is not null then perform private.idempotency_end(v_tenant, p_key, response); end if;
  outcome := 'created'; rule := v_sent.rule;
  return next;
end $$;

-- One answer to a verification of an application: counted, compared and spent under the row's lock, so that however many race, five are
-- looked at and one wins, and those that come too late count as nobody's failure. status: the verification's, 'gone' (there is none), 'blocked' (retry_after: too many failures of this recipient).
create function app.verification_check(p_tenant text, p_id uuid, p_mac bytea, p_actor jsonb, p_origin jsonb) returns table (
  status text, valid boolean, retry_after integer, channel text
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v public.verification;
  v_key bytea;
begin
  valid := false;
  select * into v from public.verification x where x.id = p_id and x.tenant_id = v_tenant and x.purpose = 'api' for update;
  if not found then status := 'gone'; return next; return; end if;
  status := case when v.status = 'pending' and v.expires_at <= clock_timestamp() then 'expired' else v.status end;
  if status <> 'pending' then
    -- It counts for nothing; but "I typed the right code" is what people say, and this is when.
    perform private.audit_put(v_tenant, 'verification.check_refused', 'failure', p_actor ->> 'type', (p_actor ->> 'id')::uuid, null, p_id, p_origin, jsonb_build_object('reason', status));
    return next; return;
  end if;
  v_key := private.attempt_key(v_tenant, 'verification', v.subject);
  retry_after := private.attempt_take(v_key);
  if retry_after is not null then
    perform private.audit_put(v_tenant, 'verification.check_refused', 'failure', p_actor ->> 'type', (p_actor ->> 'id')::uuid, null, p_id, p_origin, '{"reason":"too_many_attempts"}');
    status := 'blocked'; return next; return;
  end if;
  update public.verification x
     set attempts = x.attempts + 1,
         status = case when x.code_mac = p_mac then 'approved' when x.attempts >= 4 then 'max_attempts_reached' else 'pending' end,
         code = case when x.code_mac = p_mac or x.attempts >= 4 then null else x.code end,
         ended_at = case when x.code_mac = p_mac or x.attempts >= 4 then clock_timestamp() end
   where x.id = p_id and x.tenant_id = v_tenant
  returning x.status into status;
  valid := status = 'approved';
  if valid then
    channel := v.workflow #>> array[v.step::text, 'channel'];
    perform private.attempt_clear(v_key);
    perform private.verification_won(v);
  end if;
  if status <> 'pending' then perform private.verification_still(v_tenant, p_id); end if;
  perform private.audit_put(v_tenant, case when valid then 'verification.approved' else 'verification.check_failed' end, case when valid then 'success' else 'failure' end,
    p_actor ->> 'type', (p_actor ->> 'id')::uuid, (p_actor ->> 'session')::uuid, p_id, p_origin, jsonb_build_object('attempts', v.attempts + 1, 'status', status));
  return next;
end $$;

-- A code of an application's came back right: what the rule of conversion counts, for the prefixes it went to.
create function private.verification_won(v public.verification) returns void language plpgsql as $$
begin
  insert into directory.send_count as c (key, window_at, approved)
  select private.attempt_key(v.tenant_id, 'send:prefix', s.prefix), date_trunc('hour', now()), 1
    from (select distinct e ->> 'prefix' as prefix from jsonb_array_elements(v.workflow) with ordinality x (e, n)
           where x.n <= v.step + 1 and e ->> 'country' is not null and e ->> 'prefix' is not null) s
  on conflict (key, window_at) do update set approved = c.approved + 1;
end $$;

-- p_what: 'resend' (the same step again), 'next' (the next step now). outcome: 'sent', 'gone', 'over' (status), 'too_early' (seconds), 'too_many',
-- 'no_more_steps', 'blocked' (rule).
create function app.verification_send_again(
  p_tenant text, p_id uuid, p_purpose text, p_user uuid, p_what text, p_cooldown integer, p_actor jsonb, p_origin jsonb, p_limits jsonb
) returns table (outcome text, rule text, status text, seconds integer) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v public.verification;
  v_sent record;
begin
  select * into v from public.verification x
   where x.id = p_id and x.tenant_id = v_tenant and x.purpose = p_purpose and x.user_id is not distinct from coalesce(p_user, x.user_id) for update;
  if not found then outcome := 'gone'; return next; return; end if;
  if v.status = 'pending' and v.expires_at <= clock_timestamp() then v.status := 'expired'; end if;
  status := v.status;
  if v.status <> 'pending' then outcome := 'over'; return next; return; end if;
  if v.sends >= 5 then outcome := 'too_many'; return next; return; end if;
  if p_what = 'resend' and v.resend_after > clock_timestamp() then
    outcome := 'too_early'; seconds := ceil(extract(epoch from v.resend_after - clock_timestamp()));
    return next; return;
  end if;
  if p_what = 'next' then
    if v.step + 1 >= jsonb_array_length(v.workflow) then outcome := 'no_more_steps'; return next; return; end if;
    v.step := v.step + 1;
  end if;
  v_sent := private.verification_send(v, p_what, p_actor, p_origin, p_limits);
  if not v_sent.sent then
    outcome := 'blocked'; rule := v_sent.rule;
    return next; return;
  end if;
  update public.verification x set step = v_sent.step, escalate_at = v_sent.escalate_at, sends = x.sends + 1, resend_after = now() + p_cooldown * interval '1 second'
   where x.id = p_id and x.tenant_id = v_tenant;
  perform private.due_put(p_id, v_tenant, 'verification', least(v_sent.escalate_at, v.expires_at));
  outcome := 'sent'; rule := v_sent.rule;
  return next;
end $$;

-- 'canceled', 'gone', or the status of one that is over.
create function app.verification_cancel(p_tenant text, p_id uuid, p_actor jsonb, p_origin jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_status text;
begin
  update public.verification x set status = 'canceled', code = null, ended_at = clock_timestamp()
   where x.id = p_id and x.tenant_id = v_tenant and x.purpose = 'api' and x.status = 'pending' and x.expires_at > clock_timestamp();
  if found then
    perform private.verification_still(v_tenant, p_id);
    perform private.audit_put(v_tenant, 'verification.canceled', 'success', p_actor ->> 'type', (p_actor ->> 'id')::uuid, (p_actor ->> 'session')::uuid, p_id, p_origin, null);
    return 'canceled';
  end if;
  select case when x.status = 'pending' then 'expired' else x.status end into v_status
    from public.verification x where x.id = p_id and x.tenant_id = v_tenant and x.purpose = 'api';
  return coalesce(v_status, 'gone');
end $$;

-- What is due, each kind's oldest first, and not again before p_lease seconds: for the relay, who proves it. p_most: {kind: how many}, so that
-- one channel's queue never stands before another's.
create function app.due_claim(p_proof text, p_most jsonb, p_lease double precision) returns table (id uuid, tenant_id uuid, kind text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- Not the function itself: no index answers what changes while it is asked, and all that will ever be due would be read each time.
  v_now timestamptz := clock_timestamp();
begin
  if not private.proven('due', p_proof) then raise exception 'only the relay may' using errcode = '42501'; end if;
  return query
    with seen as materialized (
      select o.id, o.tenant_id, o.due_at, k.kind, k.most::text::integer as most
        from jsonb_each(p_most) k (kind, most)
       cross join lateral (select x.id, x.tenant_id, x.due_at from directory.due x where x.kind = k.kind and x.due_at <= v_now
                            order by x.due_at limit 4 * k.most::text::integer) o),
    -- Each company's oldest first, then each one's second: whoever has much to send waits behind nobody but itself.
    turns as (select s.*, row_number() over (partition by s.kind, s.tenant_id order by s.due_at) as turn from seen s),
    ranked as (select t.id, t.most, row_number() over (partition by t.kind order by t.turn, t.due_at) as place from turns t),
    chosen as materialized (
      select x.id from directory.due x
       where x.id in (select r.id from ranked r where r.place <= r.most) and x.due_at <= v_now
         for update skip locked)
    update directory.due d set due_at = v_now + p_lease * interval '1 second' from chosen where d.id = chosen.id
    returning d.id, d.tenant_id, d.kind;
end $$;

-- A verification's time has come: it expires, or goes on to its next step. sent: a message is due now. rule: why a step was left out.
create function app.verification_due(p_tenant text, p_id uuid, p_limits jsonb) returns table (sent boolean, rule text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v public.verification;
  v_sent record;
  v_from text;
  v_delivered boolean;
  v_failed boolean;
begin
  sent := false;
  select * into v from public.verification x where x.id = p_id and x.tenant_id = v_tenant for update;
  if not found or v.status <> 'pending' then
    delete from directory.due d where d.id = p_id;
    return next; return;
  end if;
  if v.expires_at <= clock_timestamp() then
    update public.verification x set status = 'expired', code = null, ended_at = clock_timestamp() where x.id = p_id and x.tenant_id = v_tenant;
    perform private.verification_still(v_tenant, p_id);
    perform private.audit_put(v_tenant, 'verification.expired', 'failure', 'system', null, null, p_id, '{}', null);
    return next; return;
  end if;
  -- In the person's hands: nothing follows by itself. Failed for good: the next step comes at once.
  select bool_or(d.status = 'delivered'), bool_and(d.status in ('failed', 'expired', 'canceled')) into v_delivered, v_failed
    from public.delivery d where d.tenant_id = v_tenant and d.verification_id = p_id and d.step = v.step;
  if v.step + 1 >= jsonb_array_length(v.workflow) or v_delivered or v.code is null or v.sends >= 5 or not v_failed and v.escalate_at > clock_timestamp() then
    update directory.due d set due_at = case when v_delivered then v.expires_at else least(case when v.escalate_at > clock_timestamp() then v.escalate_at end, v.expires_at) end where d.id = p_id;
    return next; return;
  end if;
  v_from := case when v_failed then 'failed_by_' else 'no_receipt_by_' end || (v.workflow #>> array[v.step::text, 'channel']);
  v.step := v.step + 1;
  v_sent := private.verification_send(v, v_from, '{"type":"system"}', '{}', p_limits);
  update public.verification x
     set step = least(v_sent.step, jsonb_array_length(v.workflow) - 1), escalate_at = v_sent.escalate_at, sends = x.sends + v_sent.sent::integer
   where x.id = p_id and x.tenant_id = v_tenant;
  perform private.due_put(p_id, v_tenant, 'verification', least(v_sent.escalate_at, v.expires_at));
  sent := v_sent.sent; rule := v_sent.rule;
  return next;
end $$;

-- The end of a delivery that no provider took: its verification is looked at now, and goes on to its next step.
create function private.delivery_failed(d public.delivery, p_status text, p_reason text) returns void language plpgsql as $$
begin
  update public.delivery x set status = p_status, reason = p_reason, ended_at = clock_timestamp(), payload = null, lease_until = null
   where x.id = d.id and x.tenant_id = d.tenant_id;
  delete from directory.due where id = d.id;
  if d.verification_id is null then return; end if;
  -- The verification itself is not touched here: whoever holds one locks it before its deliveries.
  update directory.due set due_at = now() where id = d.verification_id;
  perform private.audit_put(d.tenant_id, 'verification.undelivered', 'failure', 'system', null, null, d.verification_id, '{}',
    jsonb_build_object('channel', d.channel, 'recipient', d.recipient_masked, 'reason', p_reason));
end $$;

-- Null: it is this one's turn, and the turn is taken. Otherwise when to come back. At most the rate and a quarter of a second's worth more in any
-- second: workers look for what is due at intervals, and find several turns at once.
create function private.pace_turn(p_tenant uuid, p_provider text, p_rate double precision, p_reserved timestamptz) returns timestamptz language plpgsql as $$
declare
  v_each interval := interval '1 second' / p_rate;
  v_now timestamptz;
  v_turn timestamptz := p_reserved;
  k directory.pace;
begin
  insert into directory.pace (tenant_id, provider, next_at, spent_at) values (p_tenant, p_provider, clock_timestamp(), clock_timestamp()) on conflict do nothing;
  select * into k from directory.pace x where x.tenant_id = p_tenant and x.provider = p_provider for update;
  v_now := clock_timestamp();
  if v_turn is null then
    v_turn := greatest(k.next_at, v_now);
    k.next_at := v_turn + v_each;
  end if;
  if v_turn <= v_now + interval '5 milliseconds' then
    if k.spent_at <= v_now then
      update directory.pace x set next_at = k.next_at, spent_at = greatest(k.spent_at, v_now - interval '250 milliseconds') + v_each
       where x.tenant_id = p_tenant and x.provider = p_provider;
      return null;
    end if;
    v_turn := greatest(k.next_at, k.spent_at);
    k.next_at := v_turn + v_each;
  end if;
  update directory.pace x set next_at = k.next_at where x.tenant_id = p_tenant and x.provider = p_provider;
  return v_turn;
end $$;

-- Asked twice, and twice nobody knows: a third text to the same person would only be a nuisance.
create function private.doubted_enough(p_doubted text[], p_provider text) returns boolean language sql immutable as $$
  select cardinality(array_positions(p_doubted, p_provider)) >= 2
$$;

-- Begins one attempt: chooses the provider, reserves its price and its turn, and hands out what the call needs. outcome: 'go', 'over' (nothing
-- to do), 'busy' (somebody else is at it), 'later' (due again by itself; wait: its turn comes in so many seconds), 'budget' (over, for the company's is spent).
-- p: {attempt, lease (s), window (s), skip: ["provider/country"], full: [provider], reporting: [provider], prices: {provider: {country|*: n}}, fallback: provider|null,
-- account: provider|null}
create function app.delivery_begin(p_tenant text, p_delivery uuid, p jsonb) returns table (
  outcome text, channel text, recipient text, provider text, settings text, code text, payload text, template text, locale text, verification_id uuid,
  country text, expires_at timestamptz, company_name text, policy jsonb, templates jsonb, created_at timestamptz, trace text, wait double precision
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  d public.delivery;
  v public.verification;
  s public.channel_settings;
  v_chosen public.channel_settings;
  v_provider text;
  v_any boolean := false;
  v_open boolean := false;
  v_doubted boolean := false;
  v_slot timestamptz;
  v_price numeric;
  v_budget numeric;
  v_fallback text;
begin
  select * into d from public.delivery x where x.id = p_delivery and x.tenant_id = v_tenant for update;
  if not found or d.status not in ('queued', 'sending', 'unknown') then
    delete from directory.due where id = p_delivery;
    outcome := 'over'; return next; return;
  end if;
  if d.status = 'sending' then
    if d.lease_until > clock_timestamp() then
      update directory.due x set due_at = d.lease_until where x.id = p_delivery and x.due_at > d.lease_until;
      outcome := 'busy'; return next; return;
    end if;
    -- Whoever was calling is gone, and nobody knows how far it got.
    update public.delivery_attempt a set outcome = 'ambiguous', reason = 'process_lost', ended_at = clock_timestamp()
     where a.id = d.attempt_id and a.tenant_id = v_tenant and a.outcome is null returning a.provider into v_provider;
    update public.delivery x set status = 'unknown', doubted = x.doubted || coalesce(v_provider, '?'), lease_until = null where x.id = p_delivery and x.tenant_id = v_tenant
    returning * into d;
    if p -> 'reporting' ? v_provider then
      update directory.due set due_at = clock_timestamp() + (p ->> 'window')::double precision * interval '1 second' where id = p_delivery;
      outcome := 'later'; return next; return;
    end if;
  end if;
  if d.expires_at <= clock_timestamp() then
    perform private.delivery_failed(d, 'expired', 'expired');
    outcome := 'over'; return next; return;
  end if;
  if d.verification_id is not null then
    select * into v from public.verification x where x.id = d.verification_id and x.tenant_id = v_tenant;
    if v.status <> 'pending' or v.code is null then
      update public.delivery x set status = 'canceled', ended_at = clock_timestamp() where x.id = p_delivery and x.tenant_id = v_tenant;
      delete from directory.due where id = p_delivery;
      outcome := 'over'; return next; return;
    end if;
  end if;
  if d.tries >= 10 then
    perform private.delivery_failed(d, 'failed', 'too_many_tries');
    outcome := 'over'; return next; return;
  end if;
  select c.name, c.policy into company_name, policy from public.tenant c where c.id = v_tenant;
  -- The company has thought better of it since: of what waits, nothing more goes there.
  if d.country is not null and not coalesce(nullif(policy -> 'allowed_countries', 'null'), jsonb_build_array(policy ->> 'default_region')) ? d.country then
    perform private.delivery_failed(d, 'failed', 'country_not_allowed');
    outcome := 'over'; return next; return;
  end if;

  for s in
    select * from public.channel_settings x
     where x.tenant_id = v_tenant and x.is_enabled and d.channel = any (x.channels) and (d.provider is null or x.provider = d.provider)
     order by x.provider = any (d.doubted), x.priority, x.created_at
  loop
    v_any := true;
    continue when s.provider = any (d.refused);
    if private.doubted_enough(d.doubted, s.provider) then
      v_doubted := true;
      continue;
    end if;
    if p -> 'skip' ? (s.provider || '/' || coalesce(d.country, '')) then
      v_open := true;
      continue;
    end if;
    v_chosen := s;
    exit;
  end loop;
  -- What people are told about their accounts goes out over the operator's mail server where their company has none.
  v_fallback := coalesce(case when d.template like 'account\_%' then p ->> 'account' end, p ->> 'fallback');
  if not v_any and v_fallback is not null then
    v_doubted := private.doubted_enough(d.doubted, v_fallback);
    if not v_doubted and v_fallback <> all (d.refused) then v_provider := v_fallback; end if;
  else
    v_provider := v_chosen.provider;
  end if;
  if v_provider is null then
    if v_open then
      update directory.due set due_at = clock_timestamp() + interval '2 seconds' where id = p_delivery;
      outcome := 'later'; return next; return;
    end if;
    perform private.delivery_failed(d, case when v_doubted then 'unknown' else 'failed' end,
      case when v_doubted then 'outcome_unknown' when v_any then coalesce(d.reason, 'refused') else 'no_provider' end);
    outcome := 'over'; return next; return;
  end if;

  -- The asking process has as many calls of this vendor under way as it may.
  if p -> 'full' ? v_provider then
    update directory.due set due_at = clock_timestamp() + interval '100 milliseconds' where id = p_delivery;
    outcome := 'later'; return next; return;
  end if;

  if v_chosen.rate_per_second is not null then
    v_slot := private.pace_turn(v_tenant, v_provider, v_chosen.rate_per_second, d.reserved_at);
    if v_slot is not null then
      update public.delivery x set reserved_at = v_slot where x.id = p_delivery and x.tenant_id = v_tenant;
      update directory.due set due_at = least(v_slot, d.expires_at) where id = p_delivery;
      outcome := 'later'; wait := extract(epoch from v_slot - clock_timestamp()); return next; return;
    end if;
  end if;

  v_price := coalesce((p #>> array['prices', v_provider, coalesce(d.country, '*')])::numeric, (p #>> array['prices', v_provider, '*'])::numeric, 0) * d.units;
  if v_price > 0 then
    v_budget := coalesce((policy ->> 'daily_send_budget')::numeric, (p ->> 'budget')::numeric);
    insert into public.spend as k (tenant_id, day, amount) values (v_tenant, (now() at time zone 'UTC')::date, 0) on conflict on constraint spend_tenant_id_day_key do nothing;
    update public.spend k set amount = k.amount + v_price
     where k.tenant_id = v_tenant and k.day = (now() at time zone 'UTC')::date and (v_budget is null or k.amount + v_price <= v_budget);
    if not found then
      perform private.audit_put(v_tenant, case when d.verification_id is null then 'message.blocked' else 'verification.blocked' end, 'failure', 'system', null, null,
        coalesce(d.verification_id, d.id), '{}', jsonb_build_object('rule', 'budget', 'channel', d.channel, 'recipient', d.recipient_masked, 'provider', v_provider));
      perform private.delivery_failed(d, 'failed', 'budget_spent');
      outcome := 'budget'; provider := v_provider; verification_id := d.verification_id; return next; return;
    end if;
  end if;

  insert into public.delivery_attempt (id, tenant_id, delivery_id, provider, cost) values ((p ->> 'attempt')::uuid, v_tenant, p_delivery, v_provider, v_price);
  update public.delivery x
     set status = 'sending', attempt_id = (p ->> 'attempt')::uuid, tries = x.tries + 1, reserved_at = null,
         lease_until = clock_timestamp() + (p ->> 'lease')::double precision * interval '1 second'
   where x.id = p_delivery and x.tenant_id = v_tenant;
  -- Due again already, most often, when this attempt will be over: whoever claimed it saw to that, and then it is 'busy' until the lease ends.
  update directory.due set due_at = clock_timestamp() + (p ->> 'lease')::double precision * interval '1 second'
   where id = p_delivery and due_at < clock_timestamp() + interval '3 seconds';
  outcome := 'go'; channel := d.channel; recipient := d.recipient; settings := v_chosen.settings; provider := v_provider; code := v.code; payload := d.payload; template := d.template;
  locale := d.locale; verification_id := d.verification_id; country := d.country; expires_at := d.expires_at; created_at := d.created_at; trace := d.trace;
  select jsonb_agg(jsonb_build_object('locale', t.locale, 'subject', t.subject, 'body', t.body, 'html', t.html)) into templates
    from public.message_template t where t.tenant_id = v_tenant and t.name = d.template and t.channel = d.channel;
  return next;
end $$;

-- One at a time for what a vendor calls by this name: its receipt and our own note of the name may come at once, and each must see the other.
create function private.message_lock(p_tenant uuid, p_message text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended(p_tenant::text || p_message, 0))
$$;

-- Writes down how an attempt ended. True: another attempt should follow at once.
-- p: {attempt, outcome, reason, vendor_code, message_id, retry_after (s), reports, window (s), counts (false: it was no try)}
create function app.delivery_finish(p_tenant text, p_delivery uuid, p jsonb) returns table (again boolean, status text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_outcome text := p ->> 'outcome';
  d public.delivery;
  a public.delivery_attempt;
  v_wait double precision;
  v_cost numeric;
  v_receipt public.delivery_receipt;
begin
  again := false;
  -- Before the row: a receipt that names the same message and no attempt waits for us, or we for it.
  if p ? 'message_id' then perform private.message_lock(v_tenant, p ->> 'message_id'); end if;
  select * into d from public.delivery x where x.id = p_delivery and x.tenant_id = v_tenant for update;
  if not found then return next; return; end if;
  if v_outcome not in ('accepted', 'ambiguous') then
    select x.cost into v_cost from public.delivery_attempt x where x.id = (p ->> 'attempt')::uuid and x.tenant_id = v_tenant;
  end if;
  update public.delivery_attempt x
     set outcome = v_outcome, reason = p ->> 'reason', vendor_code = p ->> 'vendor_code', provider_message_id = p ->> 'message_id', ended_at = clock_timestamp(),
         cost = case when v_outcome in ('accepted', 'ambiguous') then x.cost else 0 end
   where x.id = (p ->> 'attempt')::uuid and x.tenant_id = v_tenant and (x.outcome is null or x.outcome = 'ambiguous' and v_outcome = 'accepted')
  returning * into a;
  if not found then status := d.status; return next; return; end if;
  if v_cost > 0 then
    update public.spend k set amount = k.amount - v_cost where k.tenant_id = v_tenant and k.day = (a.created_at at time zone 'UTC')::date;
  end if;
  status := d.status;
  -- Over meanwhile, or another attempt is the present one: written down, and no more.
  if d.status not in ('sending', 'unknown') or d.attempt_id <> a.id then return next; return; end if;

  if v_outcome = 'accepted' then
    status := 'accepted';
    update public.delivery x
       set status = 'accepted', reason = null, lease_until = null, payload = case when (p ->> 'reports')::boolean then x.payload end,
           ended_at = case when (p ->> 'reports')::boolean then null else clock_timestamp() end
     where x.id = p_delivery and x.tenant_id = v_tenant;
    delete from directory.due where id = p_delivery;
    -- Its receipt may have been quicker than we.
    for v_receipt in
      update public.delivery_receipt r set attempt_id = a.id
       where r.tenant_id = v_tenant and r.provider = a.provider and r.provider_message_id = a.provider_message_id and r.attempt_id is null returning *
    loop
      perform private.receipt_apply(a, v_receipt);
    end loop;
  elsif v_outcome in ('definite', 'configuration') then
    update public.delivery x set status = 'queued', reason = p ->> 'reason', lease_until = null, refused = x.refused || a.provider where x.id = p_delivery and x.tenant_id = v_tenant;
    update directory.due set due_at = now() where id = p_delivery;
    again := true; status := 'queued';
  elsif v_outcome = 'retryable' then
    v_wait := greatest(coalesce((p ->> 'retry_after')::double precision, 0), (0.5 * 2 ^ least(d.tries - 1, 6)) * (0.75 + random() / 2));
    -- Whoever asks us to wait for long is left for another, where there is one; and for good when the code would be dead by then.
    if (v_wait > 5 or d.tries >= 4) and exists (
         select from public.channel_settings x where x.tenant_id = v_tenant and x.is_enabled and d.channel = any (x.channels)
            and (d.provider is null or x.provider = d.provider) and x.provider <> a.provider and x.provider <> all (d.refused))
       or clock_timestamp() + v_wait * interval '1 second' >= d.expires_at then
      update public.delivery x set status = 'queued', reason = p ->> 'reason', lease_until = null, refused = x.refused || a.provider where x.id = p_delivery and x.tenant_id = v_tenant;
      update directory.due set due_at = now() where id = p_delivery;
      again := true;
    else
      update public.delivery x
         set status = 'queued', reason = p ->> 'reason', lease_until = null, tries = x.tries - case when (p ->> 'counts')::boolean is false then 1 else 0 end
       where x.id = p_delivery and x.tenant_id = v_tenant;
      update directory.due set due_at = clock_timestamp() + v_wait * interval '1 second' where id = p_delivery;
    end if;
    status := 'queued';
  else
    -- It may have arrived. Another is asked at once where this one never tells; where there is no other, it is asked once more, and not soon.
    again := not (p ->> 'reports')::boolean and exists (
      select from public.channel_settings x
       where x.tenant_id = v_tenant and x.is_enabled and d.channel = any (x.channels) and (d.provider is null or x.provider = d.provider)
         and x.provider <> a.provider and x.provider <> all (d.refused) and x.provider <> all (d.doubted));
    update public.delivery x set status = 'unknown', reason = p ->> 'reason', lease_until = null, doubted = x.doubted || a.provider where x.id = p_delivery and x.tenant_id = v_tenant;
    update directory.due set due_at = clock_timestamp() + case when again then 0 else (p ->> 'window')::double precision end * interval '1 second' where id = p_delivery;
    status := 'unknown';
  end if;
  return next;
end $$;

-- delivered is final; failed counts until it comes, and sends the message to the next provider.
create function private.receipt_apply(a public.delivery_attempt, r public.delivery_receipt) returns void language plpgsql as $$
declare
  d public.delivery;
begin
  if r.outcome = 'progress' then return; end if;
  update public.delivery_attempt x set receipt = r.outcome, receipt_reason = r.reason, receipt_at = r.at
   where x.id = a.id and x.tenant_id = a.tenant_id and (x.receipt is null or x.receipt = 'failed' and r.outcome = 'delivered');
  if not found then return; end if;
  select * into d from public.delivery x where x.id = a.delivery_id and x.tenant_id = a.tenant_id for update;
  if r.outcome = 'delivered' then
    update public.delivery x set status = 'delivered', reason = null, ended_at = clock_timestamp(), payload = null, lease_until = null
     where x.id = d.id and x.tenant_id = d.tenant_id and x.status in ('queued', 'sending', 'accepted', 'unknown', 'failed');
    if not found then return; end if;
    delete from directory.due where id = d.id;
  elsif d.attempt_id = a.id and d.status in ('accepted', 'unknown', 'sending') then
    update public.delivery x set status = 'queued', reason = coalesce(r.reason, 'undelivered'), lease_until = null, refused = x.refused || a.provider, ended_at = null
     where x.id = d.id and x.tenant_id = d.tenant_id;
    perform private.due_put(d.id, d.tenant_id, d.channel, now());
  end if;
end $$;

-- One event of a vendor, once. first: never heard before. fresh: not handled before (it is then the caller's to react, and to say so with
-- app.receipt_handled).
create function app.receipt_put(p_tenant text, p_provider text, p jsonb) returns table (fresh boolean, attempt_id uuid, delivery_id uuid, first boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  a public.delivery_attempt;
  r public.delivery_receipt;
begin
  first := false;
  if p ->> 'attempt_id' is null and p ->> 'message_id' is not null then perform private.message_lock(v_tenant, p ->> 'message_id'); end if;
  if p ->> 'attempt_id' is not null then
    select * into a from public.delivery_attempt x where x.id = (p ->> 'attempt_id')::uuid and x.tenant_id = v_tenant and x.provider = p_provider;
  else
    select * into a from public.delivery_attempt x
     where x.tenant_id = v_tenant and x.provider = p_provider and x.provider_message_id = p ->> 'message_id' limit 1;
  end if;
  -- An attempt named that we never made: of no consequence, and not kept.
  if not found and p ->> 'attempt_id' is not null then fresh := false; return next; return; end if;
  perform from public.delivery x where x.id = a.delivery_id and x.tenant_id = v_tenant for update;
  insert into public.delivery_receipt as x (id, tenant_id, provider, event_id, attempt_id, provider_message_id, outcome, reason, at)
  values (app.uuidv7(), v_tenant, p_provider, p ->> 'event_id', a.id, p ->> 'message_id', p ->> 'outcome', p ->> 'reason', (p ->> 'at')::timestamptz)
  on conflict on constraint delivery_receipt_tenant_id_provider_event_id_key do nothing returning * into r;
  if not found then
    -- Told again: somebody else is at it, or was and is gone.
    update public.delivery_receipt x set taken_at = clock_timestamp()
     where x.tenant_id = v_tenant and x.provider = p_provider and x.event_id = p ->> 'event_id' and x.handled_at is null
       and x.taken_at < clock_timestamp() - interval '15 seconds'
    returning x.attempt_id, a.delivery_id into attempt_id, delivery_id;
    fresh := found;
    return next; return;
  end if;
  fresh := true; first := true; attempt_id := a.id; delivery_id := a.delivery_id;
  if a.id is not null then perform private.receipt_apply(a, r); end if;
  return next;
end $$;

create function app.receipt_handled(p_tenant text, p_provider text, p_event text, p_well boolean) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  update public.delivery_receipt x set handled_at = case when p_well then now() end, taken_at = case when p_well then x.taken_at else '-infinity' end where x.tenant_id = v_tenant and x.provider = p_provider and x.event_id = p_event and x.handled_at is null;
end $$;

-- What an attempt was about, for a provider that must go on with it (a call that was answered). No row once it is over.
create function app.delivery_of_attempt(p_tenant text, p_attempt uuid) returns table (
  channel text, recipient text, code text, payload text, template text, locale text, verification_id uuid, delivery_id uuid, expires_at timestamptz,
  company_name text, policy jsonb, templates jsonb
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
begin
  return query
    select d.channel, d.recipient, v.code, d.payload, d.template, d.locale, d.verification_id, d.id, d.expires_at, c.name, c.policy,
           (select jsonb_agg(jsonb_build_object('locale', t.locale, 'subject', t.subject, 'body', t.body, 'html', t.html))
              from public.message_template t where t.tenant_id = v_tenant and t.name = d.template and t.channel = d.channel)
      from public.delivery_attempt a
      join public.delivery d on d.id = a.delivery_id and d.tenant_id = a.tenant_id
      join public.tenant c on c.id = a.tenant_id
      left join public.verification v on v.id = d.verification_id and v.tenant_id = d.tenant_id
     where a.id = p_attempt and a.tenant_id = v_tenant and d.expires_at > clock_timestamp() and d.status in ('sending', 'accepted', 'unknown')
       and (d.verification_id is null or v.status = 'pending' and v.code is not null);
end $$;

-- A plain message. outcome: 'created', 'repeated', 'conflict', 'blocked' (rule).
create function app.message_create(p_tenant text, p jsonb, p_key jsonb, p_actor jsonb, p_origin jsonb, p_limits jsonb) returns table (outcome text, rule text, response jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_id uuid := (p ->> 'id')::uuid;
begin
  select i.outcome, i.response into outcome, response from private.idempotency_begin(v_tenant, p_key, jsonb_build_object('id', v_id)) i;
  if outcome is not null then return next; return; end if;
  rule := private.send_admit(v_tenant, p -> 'to', private.person_of(p_actor), null, p_limits - 'conversion');
  if rule is not null then
    perform private.idempotency_end(v_tenant, p_key, null);
    perform private.audit_put(v_tenant, 'message.blocked', 'failure', p_actor ->> 'type', (p_actor ->> 'id')::uuid, (p_actor ->> 'session')::uuid, v_id, p_origin,
      jsonb_build_object('rule', rule, 'channel', p #>> '{to,channel}', 'recipient', p #>> '{to,masked}'));
    outcome := 'blocked'; return next; return;
  end if;
  insert into public.delivery (id, tenant_id, channel, recipient, recipient_masked, country, provider, template, locale, payload, units, reference, trace, expires_at)
  values (v_id, v_tenant, p #>> '{to,channel}', p #>> '{to,to}', p #>> '{to,masked}', p #>> '{to,country}', p #>> '{to,provider}', p ->> 'template', p ->> 'locale',
          p ->> 'payload', coalesce((p ->> 'units')::integer, 1), p ->> 'reference', p_origin ->> 'trace', now() + (p ->> 'seconds')::integer * interval '1 second');
  insert into directory.due (id, tenant_id, kind, due_at) values (v_id, v_tenant, p #>> '{to,channel}', now());
  perform private.audit_put(v_tenant, 'message.created', 'success', p_actor ->> 'type', (p_actor ->> 'id')::uuid, (p_actor ->> 'session')::uuid, v_id, p_origin,
    jsonb_build_object('channel', p #>> '{to,channel}', 'recipient', p #>> '{to,masked}', 'template', p ->> 'template'));
  outcome := 'created'; response := jsonb_build_object('id', v_id);
  return next;
end $$;

-- How much is due, and since when: for metrics.
create function app.due_depth(p_proof text) returns table (kind text, waiting bigint, oldest_seconds double precision)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  if not private.proven('due', p_proof) then raise exception 'only the relay may' using errcode = '42501'; end if;
  return query
    select d.kind, count(*), coalesce(greatest(0, extract(epoch from clock_timestamp() - min(d.due_at))), 0)::double precision
      from unnest(array['sms', 'voice', 'email', 'telegram']) k (kind) join directory.due d on d.kind = k.kind and d.due_at <= v_now group by d.kind;
end $$;

-- Below all UUIDv7 of that time and after (RFC 9562 §5.7): ids are in the order of time, so that what is old is found by them.
create function private.uuid_at(p_at timestamptz) returns uuid language sql immutable as $$
  select (lpad(to_hex((extract(epoch from p_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

create function app.purge_deliveries() returns table (verifications bigint, deliveries bigint) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- Nothing lives for longer than a day.
  v_old uuid := private.uuid_at(now() - interval '30 days');
begin
  with gone as (delete from public.verification where id in (
    select id from public.verification where id < v_old and expires_at < now() - interval '30 days' limit 10000) returning 1)
  select count(*) into verifications from gone;
  with gone as (delete from public.delivery where id in (
    select id from public.delivery where id < v_old and expires_at < now() - interval '30 days' limit 10000) returning 1)
  select count(*) into deliveries from gone;
  delete from public.delivery_receipt where id in (select id from public.delivery_receipt where id < v_old and expires_at < now() - interval '30 days' limit 10000);
  delete from public.idempotency where id in (
    select id from public.idempotency where id < private.uuid_at(now() - interval '1 minute') and expires_at < now() - interval '1 minute' limit 10000);
  delete from directory.send_count where window_at < now() - interval '3 days';
  return next;
end $$;
