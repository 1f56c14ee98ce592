import { z } from 'zod';

const probed = z.enum(['passed', 'failed', 'not_probed']);

export const isolationReport = z
  .object({
    checked_at: z.string(),
    role: z.string().describe('of the database that requests run as'),
    ok: z.boolean().describe('no hole, and no probe failed'),
    holes: z.array(z.string()).describe('those that belong to no one table'),
    own_probe: probed.describe(
      "the rows of the tables below: none seen under a company's name that nobody has, no other company's under yours",
    ),
    tables: z.array(
      z.object({
        table: z.string(),
        row_level_security: z.boolean(),
        forced: z.boolean().describe('binds the owner of the table, too'),
        policies: z.array(z.string()),
        owner: z.string(),
        privileges: z.array(z.string()).describe('what the role may do'),
        holes: z.array(z.string()),
        probe: probed.describe('not_probed: the role may not read it at all, or it took too long'),
      }),
    ),
  })
  .meta({ id: 'IsolationReport' });
export type IsolationView = z.output<typeof isolationReport>;
