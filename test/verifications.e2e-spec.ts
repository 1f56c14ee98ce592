import { codeTo, DeliveryWorld, eventually, newNumber, type Sender } from './support/delivery-world.js';

describe('A verification', () => {
  let world: DeliveryWorld;
  let sender: Sender;
  beforeAll(async () => {
    world = await DeliveryWorld.start();
    sender = await world.sender();
  });
  afterAll(() => world.stop());

  it('brings a code to a phone over the vendor, and the code is right once', async () => {
    const to = newNumber();
    const made = await sender.sends({ to, channel: 'sms', reference: 'order 7' });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    expect(made.body).toMatchObject({ status: 'pending', channel: 'sms', reference: 'order 7' });

    const code = await codeTo(world.vonage.accepted, to);
    expect((await sender.checks(made.body.id, '000000')).body).toMatchObject({ status: 'pending', valid: false });
    expect((await sender.checks(made.body.id, code, 1)).body).toEqual({ id: made.body.id, status: 'approved', valid: true });
    expect((await sender.checks(made.body.id, code)).body).toMatchObject({ status: 'approved', valid: false });
    expect(world.vonage.violations).toEqual([]);
    expect(
      await eventually(async () => (await sender.kinds(made.body.id)).includes('attempt_ended') && sender.kinds(made.body.id)),
    ).toEqual(expect.arrayContaining(['sent', 'attempt', 'attempt_ended', 'check_failed', 'approved']));
  });
});
