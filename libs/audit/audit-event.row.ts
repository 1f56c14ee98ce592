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
  /** Null: never drawn, for an event of the first form, or erased with the part. */
  origin_salt: string | null;
  details_salt: string | null;
  /** The hashes of both parts in hex; null before it is sealed and in the first form, empty where that was erased. */
  parts: string | null;
}

/** What of an event was erased since it was sealed. */
export function erasedOf({ parts, origin_salt, details_salt }: EventRow): ('origin' | 'details')[] {
  if (parts === null) return [];
  return [...(origin_salt === null ? (['origin'] as const) : []), ...(details_salt === null ? (['details'] as const) : [])];
}

/** What an export says of an event beside its content, by the form in which it was sealed. */
export function formOf({ parts, origin_salt, details_salt }: EventRow): object {
  if (parts === null) return {};
  if (parts === '') return { erased: true };
  return { version: 2, origin_salt, details_salt, origin_hash: parts.slice(0, 64), details_hash: parts.slice(64) };
}

/** From the table's columns to the names of the wire and the chain. */
export function contentOf(row: Omit<EventRow, 'seq' | 'hash' | 'origin_salt' | 'details_salt' | 'parts'>): AuditContent {
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
