import type { AuditContent } from './chain.js';

/** `app.audit_row`: an event and its place, its time as text, so that no driver rounds the microseconds. */
export interface EventRow {
  id: string;
  tenant_id: string;
  at: string;
  action: string;
  outcome: string;
  actor_type: string;
  actor_id: string | null;
  session_id: string | null;
  target_id: string | null;
  ip_address: string | null;
  user_agent: string | null;
  request_id: string | null;
  details: Record<string, unknown>;
  /** bigint, as text */
  seq: string | null;
  hash: string | null;
}

/** From the table's columns to the names of the wire and the chain. */
export function contentOf(row: Omit<EventRow, 'seq' | 'hash'>): AuditContent {
  const { id, tenant_id, at, action, outcome, actor_type, actor_id, session_id, target_id, ip_address, user_agent, request_id, details } =
    row;
  return {
    id,
    company_id: tenant_id,
    at,
    action,
    outcome,
    actor_type,
    actor_id,
    session_id,
    ip_address,
    user_agent,
    request_id,
    target_id,
    details,
  };
}
