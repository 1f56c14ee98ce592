-- What a company sent, newest first and by the day: a small company's must not be looked for among everybody's.
create index delivery_of_company on public.delivery (tenant_id, id);
create index verification_of_company on public.verification (tenant_id, id);
