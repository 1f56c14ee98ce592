-- A key with which an application of the company calls. Of its text only the hash of the secret part is kept, and a few characters of the
-- checksum to tell keys apart by. It belongs to the company: it outlives the person who made it.
create table public.api_key (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant() references public.tenant (id),
  name text not null check (length(name) between 1 and 100),
  scopes text[] not null,
  secret_hash bytea not null check (length(secret_hash) = 32),
  hint text not null,
  created_by uuid,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  unique (tenant_id, id),
  foreign key (tenant_id, created_by) references public.user_account (tenant_id, id) on delete set null (created_by)
) with (fillfactor = 85);
create index api_key_maker on public.api_key (created_by, tenant_id);
alter table public.api_key enable row level security;
alter table public.api_key force row level security;
create policy tenant on public.api_key using (tenant_id = (select app.current_tenant()));
create policy functions on public.api_key to current_user using (tenant_id = nullif(current_setting('app.bound', true), '')::uuid);

-- The key and its company, if the key stands: asked at every request, cached nowhere. The minute's first request notes the use; those
-- beside it find the row locked and leave it, so that a busy key makes nobody wait.
create function app.api_key_check(p_tenant text, p_key uuid, p_hash bytea) returns table (name text, scopes text[], company_name text, policy jsonb)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenant uuid := private.bind(p_tenant);
  v_used timestamptz;
begin
  select k.name, k.scopes, c.name, c.policy, k.last_used_at into name, scopes, company_name, policy, v_used
    from public.api_key k join public.tenant c on c.id = k.tenant_id
   where k.id = p_key and k.tenant_id = v_tenant and k.secret_hash = p_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
  if not found then return; end if;
  if v_used is null or v_used < now() - interval '1 minute' then
    update public.api_key k set last_used_at = now()
     where k.tenant_id = v_tenant and k.id = (select f.id from public.api_key f where f.id = p_key and f.tenant_id = v_tenant for update skip locked);
  end if;
  return next;
end $$;
