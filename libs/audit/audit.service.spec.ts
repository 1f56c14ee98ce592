import { randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { type HotStatements, RequestContext } from '@app/platform';
import { v7 as uuidv7 } from 'uuid';
import { AuditService, type Fact } from './audit.service.js';

const [tenantId, id, other] = [uuidv7(), uuidv7(), uuidv7()];
const written: { actorType: string; actorId: string | null }[] = [];
const em = { create: (_: unknown, row: (typeof written)[number]) => written.push(row) } as unknown as EntityManager;
const statements = {
  run: async (_: unknown, [, , , actorType, actorId]: [unknown, unknown, unknown, string, string | null]) =>
    written.push({ actorType, actorId }),
} as unknown as HotStatements;
const context = new RequestContext(em);
const audit = new AuditService(em, statements, context);

beforeAll(() => {
  const key = () => randomBytes(32).toString('base64');
  Object.assign(process.env, {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    SEALING_KEY: key(),
    HASHING_KEY: key(),
    TENANT_KEY: key(),
  });
});

describe('The actor of an event', () => {
  it.each<[string, object | undefined, Fact, object]>([
    ['the application that asks, by its key', { applicationId: id }, {}, { actorType: 'application', actorId: id }],
    ['the person who asks', { userId: id }, {}, { actorType: 'user', actorId: id }],
    ['nobody, before anybody is known', undefined, {}, { actorType: 'user', actorId: null }],
    ['the person named, though an application asks', { applicationId: id }, { actorId: other }, { actorType: 'user', actorId: other }],
    ['whoever is named', { applicationId: id }, { actorType: 'system', actorId: null }, { actorType: 'system', actorId: null }],
  ])('is %s', async (_, identity, fact, expected) => {
    await context.open({}, async () => {
      if (identity) context.bind({ tenantId, ...identity });
      written.length = 0;
      audit.record('probe.recorded', fact);
      await audit.recordNow('probe.recorded', tenantId, fact);
    });
    expect(written).toHaveLength(2);
    for (const row of written) expect(row).toMatchObject(expected);
  });
});
