-- Applied after every migration, so that what is granted is what stands here and nothing else. {{app}} is the apps' role.
revoke all on all tables in schema public, app, system, directory, private from public, {{app}};
revoke all on all functions in schema app, directory, private from public, {{app}};
revoke all on schema app, system, directory, private from public, {{app}};
revoke create on schema public from public, {{app}};
-- A temporary table shadows the one it is named after, for whoever is next given that pooled connection.
do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$;
grant usage on schema public, app, system to {{app}};
grant select, insert, update on public.tenant to {{app}};
grant select, insert, update, delete on public.user_account, public.session, public.sign_in, public.mfa_factor to {{app}};
-- Verifications, deliveries and what belongs to them are written by the functions alone.
grant select, insert, update, delete on public.channel_settings to {{app}};
grant select on public.verification, public.delivery, public.delivery_attempt, public.delivery_receipt, public.spend to {{app}};
-- A key that was given out is revoked, never forgotten.
grant select, insert, update on public.api_key to {{app}};
grant select, insert, update, delete on public.message_template to {{app}};
-- A link that was used or withdrawn stays until the clean-up.
grant select, insert, update on public.account_link, public.trusted_device to {{app}};
-- A webhook that is removed stays for its deliveries, which the functions alone write.
grant select, insert, update on public.webhook_endpoint to {{app}};
grant select on public.webhook_delivery to {{app}};
grant select, insert, update, delete on public.identity_provider, public.identity_link to {{app}};
-- Flows are written by the functions alone.
grant select on public.identity_flow to {{app}};
grant select, insert on public.audit_event to {{app}};
-- Salts are the database's to draw: an event without them would be sealed in the first form, from which nothing can be erased alone.
grant select on public.audit_event to {{app}};
grant insert (id, tenant_id, created_at, action, outcome, actor_type, actor_id, session_id, target_id, ip_address, user_agent, request_id, details)
  on public.audit_event to {{app}};
-- Links and heads are the sealer's alone, through app.audit_append: one forged link would stop the sealing of every company's events.
grant select on public.audit_chain, public.audit_head to {{app}};
grant select on system.signing_key to {{app}};
grant execute on all functions in schema app to {{app}};
grant select on public.migration to {{app}};
alter policy tenant on public.tenant to {{app}};
alter policy tenant on public.user_account to {{app}};
alter policy tenant on public.session to {{app}};
alter policy tenant on public.sign_in to {{app}};
alter policy tenant on public.mfa_factor to {{app}};
alter policy tenant on public.api_key to {{app}};
alter policy tenant on public.message_template to {{app}};
alter policy tenant on public.account_link to {{app}};
alter policy tenant on public.trusted_device to {{app}};
alter policy tenant on public.audit_event to {{app}};
alter policy tenant on public.audit_chain to {{app}};
alter policy tenant on public.audit_head to {{app}};
alter policy tenant on public.channel_settings to {{app}};
alter policy tenant on public.verification to {{app}};
alter policy tenant on public.delivery to {{app}};
alter policy tenant on public.delivery_attempt to {{app}};
alter policy tenant on public.delivery_receipt to {{app}};
alter policy tenant on public.spend to {{app}};
alter policy tenant on public.idempotency to {{app}};
alter policy tenant on public.webhook_endpoint to {{app}};
alter policy tenant on public.webhook_delivery to {{app}};
alter policy tenant on public.identity_provider to {{app}};
alter policy tenant on public.identity_link to {{app}};
alter policy tenant on public.identity_flow to {{app}};
