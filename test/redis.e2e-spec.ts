import { DeliveryWorld, eventually, newNumber, type Sender } from './support/delivery-world.js';
import { hasRedis, overheard, RedisServer } from './support/redis.js';
import { ENTRY, stopped } from './support/stack.js';
import { ran } from './support/world.js';

describe.skipIf(!hasRedis)(`Messages over Redis${hasRedis ? '' : ' (not installed here: apt-get install redis-server)'}`, () => {
  let redis: RedisServer;
  let world: DeliveryWorld;
  let sender: Sender;
  beforeAll(async () => {
    redis = await RedisServer.start();
    world = await DeliveryWorld.start({
      workers: 2,
      settings: { REDIS_URL: redis.url, CONVERSION_RATE: '0', LOG_LEVEL: 'info', SEND_LIMIT_PREFIX: '100000/3600' },
    });
    sender = await world.sender();
  }, 180_000);
  afterAll(async () => {
    await world.stop();
    await redis.stop();
  });

  const send = async (count: number) => {
    const numbers = Array.from({ length: count }, newNumber);
    const times: number[] = [];
    for (let from = 0; from < count; from += 4)
      await Promise.all(
        numbers.slice(from, from + 4).map(async (to, at) => {
          const asked = Date.now();
          const { status, body } = await sender.sends({ to, channel: 'sms' }, {}, at);
          expect(status, JSON.stringify(body)).toBe(201);
          times.push(Date.now() - asked);
        }),
      );
    return { numbers, half: times.toSorted((a, b) => a - b)[Math.floor(count / 2)]! };
  };
  const arrived = (numbers: string[]) => numbers.filter((to) => world.vonage.accepted.some((one) => one.to === to.slice(1)));
  const allArrive = (numbers: string[], patience = 45_000) => eventually(() => arrived(numbers).length === numbers.length, patience);
  const copies = (numbers: string[]) => world.vonage.accepted.filter(({ to }) => numbers.includes(`+${to}`)).length;
  const jobs = () => redis.asks((client) => client.keys('{watchword}:delivery-*'));

  it('are shared by the workers, each sent once; jobs are ids and nothing of them is kept', async () => {
    const wire = await overheard(redis);
    const { numbers } = await send(100);
    await allArrive(numbers);
    expect(copies(numbers)).toBe(100);
    wire.stop();
    const added = wire.lines.filter((line) => line.includes('"tenantId"'));
    expect(added.length).toBeGreaterThanOrEqual(100);
    for (const [, data] of added.map((line) => /(\{"id".*?\})/.exec(line)!))
      expect(Object.keys(JSON.parse(data!)).toSorted()).toEqual(['id', 'tenantId']);
    const said = wire.lines.join('\n');
    for (const to of numbers) expect(said.includes(to.slice(1))).toBe(false);
    for (const { text } of world.vonage.accepted) expect(said.includes(text)).toBe(false);
    // Who waits for jobs: a connection of each worker.
    const takers = new Set(
      wire.lines.filter((line) => /"brpoplpush" .*delivery-sms:wait"/i.test(line)).map((line) => /127\.0\.0\.1:\d+/.exec(line)?.[0]),
    );
    expect(takers.size).toBeGreaterThanOrEqual(2);
    await eventually(async () => (await jobs()).filter((key) => /:[0-9a-f]{8}-[0-9a-f-]{27}$/.test(key)).length === 0);
    expect(
      (await jobs())
        .map((key) => key.split(':').at(-1)!)
        .filter((name) => !['id', 'stalled-check', 'meta-paused', 'stalled'].includes(name)),
    ).toEqual([]);
  });

  it('are not lost when Redis forgets everything in between', async () => {
    const forgetting = setInterval(() => void redis.asks((client) => client.flushall()), 500);
    const { numbers } = await send(100).finally(() => clearInterval(forgetting));
    await allArrive(numbers);
    expect(copies(numbers)).toBe(100);
  }, 90_000);

  it('are taken as ever (half of them within 200 ms) and go out while Redis is down; when it is back it is used again', async () => {
    await redis.halt();
    const { numbers, half } = await send(60);
    expect(half).toBeLessThanOrEqual(200);
    await allArrive(numbers, 10_000);
    expect(copies(numbers)).toBe(60);
    await redis.run();
    const wire = await overheard(redis);
    await eventually(async () => {
      await send(5);
      return wire.lines.some((line) => line.includes('"tenantId"'));
    });
    wire.stop();
  });

  it('go out where Redis was never there, and through it once it is', async () => {
    for (const worker of world.workers) await stopped(worker);
    const absent = await RedisServer.start({ isRunning: false });
    const worker = world.startWorker({ REDIS_URL: absent.url });
    try {
      const { numbers } = await send(20);
      await allArrive(numbers);
      await absent.run();
      const wire = await overheard(absent);
      await eventually(async () => {
        await send(5);
        return wire.lines.some((line) => line.includes('"tenantId"'));
      });
      wire.stop();
    } finally {
      await stopped(worker);
      await absent.stop();
    }
  });

  it('are not given to a Redis that drops keys: the worker says so and ends', async () => {
    const forgetful = await RedisServer.start({ options: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'] });
    try {
      const { code, output } = await ran(ENTRY('worker'), { ...world.stack.env, REDIS_URL: forgetful.url });
      expect(code).toBe(1);
      expect(output).toContain('Set its maxmemory-policy to noeviction');
    } finally {
      await forgetful.stop();
    }
  });
});
