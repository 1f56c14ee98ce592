import { Injectable } from '@nestjs/common';
import { HotStatements } from '@app/platform';
import { contentOf, type EventRow } from './audit-event.row.js';
import { COLUMNS } from './audit-reader.js';

const SLICE = 1_000;

/** An event that tells of a person, and which part of it does: the rest is somebody else's. */
export type PersonEvent = [id: string, origin: boolean, details: boolean];

/** Events by id, in slices: no connection is held while the reader takes its time. */
@Injectable()
export class PersonEvents {
  constructor(private readonly statements: HotStatements) {}

  /** `tenant`: as it is signed. */
  async *read(tenant: string, events: readonly PersonEvent[]) {
    for (let at = 0; at < events.length; at += SLICE) {
      const slice = events.slice(at, at + SLICE);
      const { rows } = await this.statements.boundTo(tenant, (client) =>
        client.query<EventRow>({
          name: 'audit_events_by_id',
          text: `select ${COLUMNS} from audit_event e where e.id = any ($1::uuid[]) order by e.tenant_id, e.id`,
          values: [slice.map(([id]) => id)],
        }),
      );
      const parts = new Map(slice.map(([id, origin, details]) => [id, { origin, details }]));
      yield rows.map((row) => shown(row, parts.get(row.id)!));
    }
  }
}

function shown(row: EventRow, { origin, details }: { origin: boolean; details: boolean }) {
  const { company_id: _, ...event } = contentOf(row);
  return { ...event, ...(!origin && { ip_address: null, user_agent: null }), ...(!details && { details: {} }) };
}
