import { MikroORM } from '@mikro-orm/postgresql';
import { AuditEvent } from '../libs/audit/audit-event.entity.js';
import { AccountLink } from '../libs/auth/mail/account-link.entity.js';
import { IdentityFlow } from '../libs/auth/outside/identity-flow.entity.js';
import { IdentityLink } from '../libs/auth/outside/identity-link.entity.js';
import { IdentityProvider } from '../libs/auth/outside/identity-provider.entity.js';
import { Session } from '../libs/auth/session.entity.js';
import { TrustedDevice } from '../libs/auth/trusted-devices.js';
import { User } from '../libs/auth/user.entity.js';
import { EnrolledFactor } from '../libs/mfa/enrolled-factor.entity.js';
import { Verification } from '../libs/mfa/verifications/verification.entity.js';
import { ApiKey } from '../libs/tenants/api-keys/api-key.entity.js';
import { ChannelSettings } from '../libs/notifications/channel-settings.entity.js';
import { Delivery, DeliveryAttempt, DeliveryReceipt } from '../libs/notifications/delivery.entity.js';
import { MessageTemplate } from '../libs/notifications/templates/message-template.entity.js';
import { WebhookDelivery, WebhookEndpoint } from '../libs/notifications/webhooks/webhook.entity.js';
import { Tenant } from '../libs/tenants/tenant.entity.js';
import { World } from './support/world.js';

describe('The schema', () => {
  let world: World;
  beforeAll(() => {
    world = new World();
  });
  afterAll(() => world.stop());

  it('has for every entity the columns it names, the policy it declares, and FORCE', async () => {
    const orm = await MikroORM.init({
      clientUrl: world.stack.env.MIGRATION_DATABASE_URL!,
      entities: [
        AuditEvent,
        Session,
        User,
        EnrolledFactor,
        Tenant,
        ApiKey,
        IdentityProvider,
        IdentityLink,
        IdentityFlow,
        AccountLink,
        TrustedDevice,
        MessageTemplate,
        ChannelSettings,
        Delivery,
        DeliveryAttempt,
        DeliveryReceipt,
        Verification,
        WebhookEndpoint,
        WebhookDelivery,
      ],
    });
    const entities = [...orm.getMetadata().getAll().values()].filter(({ tableName }) => tableName);
    await orm.close();
    expect(entities).toHaveLength(19);
    for (const { tableName, props, policies } of entities) {
      const { rows: columns } = await world.owner.query(
        `select attname as name, not attnotnull as nullable from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
        [`public.${tableName}`],
      );
      for (const { fieldNames, nullable = false } of props)
        expect(columns, `${tableName}.${fieldNames[0]}`).toContainEqual({ name: fieldNames[0], nullable });
      const { rows } = await world.owner.query(
        `select p.policyname as name, p.qual as using, c.relrowsecurity as enabled, c.relforcerowsecurity as forced
           from pg_policies p join pg_class c on c.oid = format('public.%I', p.tablename)::regclass where p.tablename = $1 and p.policyname = 'tenant'`,
        [tableName],
      );
      expect(rows).toEqual([{ name: 'tenant', using: `(${String(policies[0]!.using)})`, enabled: true, forced: true }]);
    }
  });
});
