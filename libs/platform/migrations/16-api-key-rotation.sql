-- The key that took this one's place. Both are good until this one expires.
alter table public.api_key
  add column rotated_to uuid,
  add foreign key (tenant_id, rotated_to) references public.api_key (tenant_id, id);
