import { addressBlock } from './client-address.js';
import { WindowStorage } from './rate-limits.js';

const MINUTE = 60_000;

describe('The windows of the limits', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void vi.useRealTimers());

  it('begin anew after their time, and not a moment sooner', async () => {
    const windows = new WindowStorage();
    for (let hit = 1; hit <= 3; hit++)
      expect(await windows.increment('a', MINUTE, 2)).toMatchObject({ totalHits: hit, isBlocked: hit > 2 });
    vi.advanceTimersByTime(MINUTE - 1);
    expect(await windows.increment('a', MINUTE, 2)).toMatchObject({ totalHits: 4, isBlocked: true, timeToBlockExpire: 1 });
    vi.advanceTimersByTime(1);
    expect(await windows.increment('a', MINUTE, 2)).toMatchObject({ totalHits: 1, isBlocked: false, timeToBlockExpire: 60 });
  });

  it('never number more than they may, however many clients come', async () => {
    const windows = new WindowStorage(1_000);
    for (let client = 0; client < 50_000; client++) await windows.increment(`client ${client}`, MINUTE, 2);
    expect(windows.size).toBe(1_000);
  });

  it('leave when they are over, without anybody sweeping them all', async () => {
    const windows = new WindowStorage();
    for (let client = 0; client < 10_000; client++) {
      await windows.increment(`client ${client}`, MINUTE, 2);
      vi.advanceTimersByTime(100);
    }
    expect(windows.size).toBeLessThanOrEqual(600);
  });

  it('of somebody who keeps coming are not crowded out by those who ended', async () => {
    const windows = new WindowStorage(100);
    await windows.increment('old', MINUTE, 2);
    vi.advanceTimersByTime(MINUTE);
    for (let hit = 0; hit < 3; hit++) await windows.increment('victim', MINUTE, 2);
    for (let client = 0; client < 99; client++) await windows.increment(`client ${client}`, MINUTE, 2);
    expect(await windows.increment('victim', MINUTE, 2)).toMatchObject({ totalHits: 4, isBlocked: true });
  });
});

describe('What one client of a network has', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['::1', '0:0:0:0::/64'],
    ['not an address', 'not an address'],
  ])('is for %s: %s', (address, block) => expect(addressBlock(address)).toBe(block));
});
