import { z } from 'zod';
import { RequestError } from './app-error.js';
import { mac, sameBytes } from './sealing.js';

const MAC_BYTES = 12;
const MINUTE = 60_000;

/** `?limit=&cursor=` of every list. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50).describe('rows a page'),
  cursor: z.string().max(200).optional().describe('next_cursor of the page before'),
});

/** A time in a query, as far as PostgreSQL can read it: no year 0, no offset of 16 hours. */
export const moment = z.iso
  .datetime({ offset: true })
  .max(40)
  .refine((text) => !/^0000|[+-](1[6-9]|2\d):\d\d$/.test(text), 'must be a time from the year 1 on');

/** Between which ids (UUIDv7) rows of a time are, so that the primary key finds them. With a minute to spare: ids and times of a row are of two clocks. */
export const idsFrom = (from: Date, until: Date): [string, string] => [firstId(from.getTime() - MINUTE), firstId(until.getTime() + MINUTE)];

const firstId = (at: number) => {
  const hex = Math.max(0, at).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
};

/** An opaque, MAC-ed place in one list of one tenant: good for no other. */
export function writeCursor(list: string, tenantId: string, position: string): string {
  const text = Buffer.from(position);
  return Buffer.concat([mac('cursor', list, '|', tenantId, '|', text).subarray(0, MAC_BYTES), text]).toString('base64url');
}

/** @throws request.bad_cursor for one that was altered, cut or taken from elsewhere. */
export function readCursor(list: string, tenantId: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(MAC_BYTES);
  const right = mac('cursor', list, '|', tenantId, '|', position).subarray(0, MAC_BYTES);
  if (!sameBytes(bytes.subarray(0, MAC_BYTES), right) || bytes.toString('base64url') !== cursor)
    throw RequestError.badCursor({ errors: [{ field: 'cursor', message: 'is not one of ours' }] });
  return position.toString();
}

/** Takes one row more than asked for, to know whether another page follows. */
export function page<T>(list: string, tenantId: string, rows: T[], limit: number, position: (row: T) => string) {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, next_cursor: rows.length > limit && last ? writeCursor(list, tenantId, position(last)) : null };
}
