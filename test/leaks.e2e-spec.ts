import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeTo, DeliveryWorld, eventually, newNumber, vonageSettings } from './support/delivery-world.js';
import { hasRedis, overheard, RedisServer } from './support/redis.js';
import { deliver, smsReceipt, withSig } from './simulators/vonage-callbacks.js';

/** How a text may stand somewhere: as it is, in base64 at each of three offsets, in hex, in a URL, its digits alone. */
function disguises(secret: string): string[] {
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)])
      .toString('base64')
      .replace(/=+$/, '');
    // What depends on the neighbours is cut off.
    return text.slice(Math.ceil((shift * 8) / 6), -1);
  });
  const hex = Buffer.from(secret).toString('hex');
  const url = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  const all = [secret, secret.replace(/^\+/, ''), encodeURIComponent(secret), hex, hex.toUpperCase(), ...base64, ...url];
  return [...new Set(all)].filter((text) => text.length >= 8);
}

const found = (haystack: string, secrets: Record<string, string>) =>
  Object.entries(secrets).flatMap(([name, secret]) =>
    disguises(secret)
      .filter((text) => haystack.includes(text))
      .map((text) => `${name} as ${text}`),
  );

describe('What must stay secret', () => {
  let world: DeliveryWorld;
  let redis: RedisServer | undefined;
  beforeAll(async () => {
    redis = hasRedis ? await RedisServer.start() : undefined;
    world = await DeliveryWorld.start({
      workers: 2,
      settings: { LOG_LEVEL: 'trace', CONVERSION_RATE: '0', RESEND_SECONDS: '1', ...(redis && { REDIS_URL: redis.url }) },
    });
  }, 180_000);
  afterAll(async () => {
    await world.stop();
    await redis?.stop();
  });

  /** Everything that PostgreSQL has written of this database. */
  async function* onDisk(): AsyncGenerator<{ file: string; text: string }> {
    await world.superuser.query('checkpoint');
    const { rows } = await world.superuser.query<{ path: string; oid: string }>(
      `select current_setting('data_directory') as path, oid from pg_database where datname = current_database()`,
    );
    const [{ path, oid }] = rows as [{ path: string; oid: string }];
    for (const folder of ['pg_wal', join('base', String(oid))])
      for (const entry of readdirSync(join(path, folder), { withFileTypes: true }))
        if (entry.isFile()) yield { file: join(folder, entry.name), text: readFileSync(join(path, folder, entry.name), 'latin1') };
  }

  it('is found wherever it could be hidden', () => {
    const secret = 'Zq81pLw0';
    for (const hidden of [secret, `xx${Buffer.from(`1${secret}2`).toString('base64')}`, `a${Buffer.from(secret).toString('hex')}b`])
      expect(found(hidden, { secret })).not.toEqual([]);
    expect(found('nothing of the kind', { secret })).toEqual([]);
  });

  it('stands in no log, not in Redis and not in the database: codes, numbers and the secrets of providers', async () => {
    const wire = redis && (await overheard(redis));
    const sender = await world.sender();
    const secrets: Record<string, string> = {
      'API secret': world.vonage.apiSecret,
      'signature secret': world.vonage.signatureSecret,
    };
    const made: string[] = [];
    for (let message = 0; message < 12; message++) {
      const [to, code] = [newNumber(), `Q${randomInt(1e8, 1e9)}Z`.slice(0, 10)];
      Object.assign(secrets, { [`code ${message}`]: code, [`number ${message}`]: to });
      // Every way a delivery can go.
      world.vonage.script((['accept', 'throttle', 'refuse', 'misconfigured', 'error', 'reset'] as const)[message % 6]!);
      const { status, body } = await sender.sends({ to, channel: 'sms', code });
      expect(status, JSON.stringify(body)).toBe(201);
      made.push(body.id);
      await eventually(async () => (await sender.kinds(body.id)).includes('attempt_ended'));
      world.vonage.script();
      await sender.checks(body.id, `${code.slice(0, -1)}Y`);
      if (message % 6 === 0) {
        const taken = await eventually(() => world.vonage.accepted.find((one) => one.to === to.slice(1)));
        const { callback_url } = (await sender.company.admin.get('/api/company/channels/vonage-sms')).body;
        const url = world.stack.urls[0]! + new URL(callback_url).pathname;
        await deliver(url, withSig(smsReceipt(taken, 'delivered'), world.vonage.signatureSecret));
        await deliver(url, withSig(smsReceipt(taken, 'failed'), 'a secret that is not theirs'));
        await sender.checks(body.id, code);
      }
    }
    // A refusal names the field, and repeats no value.
    await sender.company.admin.put('/api/company/channels/vonage-sms', {
      settings: { ...vonageSettings(world.vonage), from: secrets['number 0'], unknown: secrets['code 0'] },
    });
    await sender.sends({ to: `${secrets['number 1']}000000`, channel: 'sms' });
    await eventually(() => world.vonage.accepted.length >= 6);
    for (const id of made) await sender.timeline(id);
    await codeTo(world.vonage.accepted, secrets['number 0']!).catch(() => undefined);

    const database: string[] = [];
    const { rows } = await world.superuser.query<{ name: string }>(
      `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`,
    );
    expect(rows.length).toBeGreaterThan(20);
    // Row by row as text, as COPY and pg_dump write them.
    for (const { name } of rows)
      for (const { row } of (await world.superuser.query(`select t::text as row from ${name} t`)).rows) database.push(row);
    const statements = (await world.superuser.query<{ query: string }>('select query from pg_stat_activity')).rows.map(
      ({ query }) => query,
    );

    expect(world.output.length).toBeGreaterThan(2_000);
    expect(found(world.output, secrets)).toEqual([]);
    expect(database.join('\n')).toContain(sender.company.id);
    expect(found(database.join('\n'), secrets)).toEqual([]);
    expect(found(statements.join('\n'), secrets)).toEqual([]);
    // The files themselves: rows that are gone, indexes, the log of changes. Whoever has a backup or a disk has these.
    let isRead = false;
    for await (const { file, text } of onDisk()) {
      isRead ||= text.includes('verification.sent');
      expect(found(text, secrets), file).toEqual([]);
    }
    expect(isRead).toBe(true);
    if (!redis) return;
    wire!.stop();
    expect(wire!.lines.some((line) => line.includes('tenantId'))).toBe(true);
    expect(found(wire!.lines.join('\n'), secrets)).toEqual([]);
    expect(found((await redis.dump()).toString('latin1'), secrets)).toEqual([]);
  }, 120_000);
});
