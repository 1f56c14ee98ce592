-- A company's own words for a message, over one channel, in one language.
create table public.message_template (
  id uuid primary key,
  tenant_id uuid not null default app.current_tenant() references public.tenant (id),
  name text not null check (name ~ '^[a-z0-9_-]{1,40}$'),
  channel text not null check (channel ~ '^[a-z]{1,20}$'),
  locale text not null check (length(locale) between 2 and 20),
  subject text check (length(subject) between 1 and 200),
  body text not null check (length(body) between 1 and 20000),
  html text check (length(html) between 1 and 40000),
  created_at timestamptz not null default now(),
  unique (tenant_id, name, channel, locale)
);
alter table public.message_template enable row level security;
alter table public.message_template force row level security;
create policy tenant on public.message_template using (tenant_id = (select app.current_tenant()));
create policy functions on public.message_template to current_user using (tenant_id = nullif(current_setting('app.bound', true), '')::uuid);
