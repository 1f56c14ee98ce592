import type { INestApplicationContext } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { PasswordHasher, User } from '@app/auth';
import { canonicalEmail } from '@app/notifications';
import { AppError, RequestContext, type Role } from '@app/platform';
import { TenantsService } from '@app/tenants';

const PASSWORD = 'SecurePass123!';
const COMPANIES: { name: string; domain: string; people: { role: Role; name: string }[] }[] = [
  {
    name: 'TechCorp',
    domain: 'techcorp.com',
    people: [
      { role: 'admin', name: 'Tess Admin' },
      { role: 'manager', name: 'Max Manager' },
      { role: 'user', name: 'Uma User' },
    ],
  },
  { name: 'StartupXYZ', domain: 'startupxyz.com', people: [{ role: 'admin', name: 'Sam Admin' }] },
];

export const DEMO_SIGN_INS = COMPANIES.flatMap(({ name, domain, people }) =>
  people.map(({ role }) => `${`${role}@${domain}`.padEnd(24)} ${role} of ${name}`),
);

/** Two companies to try things with. Made on an embedded database only: everybody knows their password. */
export async function createDemo(app: INestApplicationContext): Promise<void> {
  const context = app.get(RequestContext, { strict: false });
  const tenants = app.get(TenantsService, { strict: false });
  const passwordHash = await app.get(PasswordHasher, { strict: false }).hash(PASSWORD);
  for (const { name, domain, people } of COMPANIES) {
    const id = uuidv7();
    try {
      await context.runAs(id, () =>
        context.transaction(async (em) => {
          const tenant = await tenants.create(em, { id, name, domain });
          tenant.policy = { default_region: 'ES' }; // or no number could be sent to
          for (const { role, name: fullName } of people) {
            const email = `${role}@${domain}`;
            em.create(User, { email, emailCanonical: canonicalEmail(email), emailVerifiedAt: new Date(), fullName, role, passwordHash });
          }
        }),
      );
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'company.domain_taken')) throw error; // there from an earlier start
    }
  }
}
