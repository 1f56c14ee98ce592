import type { AuditContent } from './chain.js';

/** An event as the chain hashes it: times as text, so that no driver rounds their microseconds. */
export const CONTENT_COLUMNS = `e.id, e.tenant_id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.action, e.outcome,
  e.actor_type, e.actor_id, e.session_id, e.target_id, e.ip_address, e.user_agent, e.request_id, e.details`;

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
}

/** From the table's columns to the names of the wire and the chain. */
export function contentOf(row: EventRow): AuditContent {
  const { id, tenant_id, at, action, outcome, actor_type, actor_id, session_id, target_id, ip_address, user_agent, request_id, details } = row;
  return { id, company_id: tenant_id, at, action, outcome, actor_type, actor_id, session_id, ip_address, user_agent, request_id, target_id, details };
}
