import { canonical } from './json.js';
import { type ChainEvent, type EventInParts, isInParts } from './rows.js';

const utf8 = new TextEncoder();
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export async function sha256(text: string): Promise<string> {
  let hex = '';
  for (const byte of new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text)))) hex += HEX[byte];
  return hex;
}

/** What stands before a company's first event. */
export const genesisOf = (companyId: string) => sha256(`watchword.audit.v1\n${companyId}`);

/**
 * The hash that an event must carry. Undefined: one of its parts is not what its own hash says, or was erased and is not empty. What was
 * erased of the first form cannot be worked out any more: its own hash stands, held by its neighbours and by what the erasure says.
 */
export async function hashOf(event: ChainEvent): Promise<string | undefined> {
  if (isInParts(event)) return (await partsHold(event)) ? ofParts(event) : undefined;
  if (event.erased === true) return event.hash;
  const { type: _, hash: __, prev_hash, ...rest } = event;
  return sha256(`watchword.audit.v1\n${prev_hash}\n${canonical(rest)}`);
}

function ofParts(event: EventInParts): Promise<string> {
  const { type: _, hash: __, prev_hash, ip_address, user_agent, details, origin_salt, details_salt, ...rest } = event;
  return sha256(`watchword.audit.v2\n${prev_hash}\n${canonical(rest)}`);
}

async function partsHold(event: EventInParts): Promise<boolean> {
  const { ip_address, user_agent, details, origin_salt, details_salt } = event;
  const [origin, said] = await Promise.all([
    origin_salt === null
      ? ip_address === null && user_agent === null && event.origin_hash
      : sha256(`watchword.audit.v2.origin\n${origin_salt}\n${canonical({ ip_address, user_agent })}`),
    details_salt === null
      ? Object.keys(details).length === 0 && event.details_hash
      : sha256(`watchword.audit.v2.details\n${details_salt}\n${canonical(details)}`),
  ]);
  return origin === event.origin_hash && said === event.details_hash;
}

/** What is left of an erased event of the first form, for the erasure that vouches for it. */
export const remainsOf = (event: ChainEvent): Promise<string> => {
  const { seq, id, at, action, outcome, actor_type, actor_id, session_id, target_id, request_id, prev_hash, hash } = event;
  const ids = [actor_id, session_id, target_id, request_id].map((one) => one ?? '-');
  return sha256([seq, id, at, action, outcome, actor_type, ...ids, prev_hash, hash].join('\n'));
};
