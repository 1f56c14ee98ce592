import { LockMode, UniqueConstraintViolationException } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { AuditService } from '@app/audit';
import { invalid, RequestContext } from '@app/platform';
import { type CompanyPolicy, policyOf, type UpdateCompany } from './tenant.contract.js';
import { Tenant } from './tenant.entity.js';
import { TenantError } from './tenants.errors.js';

/** What others need to know of a company to act for it. */
export interface CompanyProfile {
  name: string;
  policy: CompanyPolicy;
}

@Injectable()
export class TenantsService {
  constructor(
    private readonly context: RequestContext,
    private readonly audit: AuditService,
  ) {}

  /** Part of a larger transaction, bound to the new company's id. @throws company.domain_taken */
  async create(em: EntityManager, { id, name, domain }: { id: string; name: string; domain: string }): Promise<Tenant> {
    const tenant = em.create(Tenant, { id, name, domain, policy: {} });
    try {
      await em.flush();
    } catch (error) {
      if (error instanceof UniqueConstraintViolationException)
        throw TenantError.domainTaken({ errors: [{ field: 'company_domain', message: 'is taken' }] });
      throw error;
    }
    this.audit.record('company.created', { actorType: 'anonymous', targetId: id, details: { domain } });
    return tenant;
  }

  /** Part of a larger transaction, bound to the company. */
  async profile(em: EntityManager): Promise<CompanyProfile> {
    const { name, policy } = await em.findOneOrFail(Tenant, { id: this.context.tenantId! });
    return { name, policy: policyOf(policy) };
  }

  /** Part of a larger transaction: what is decided elsewhere than in the company's own document. */
  async decideIn(em: EntityManager, decision: Pick<CompanyPolicy, 'auth_provider'>): Promise<void> {
    const tenant = await em.findOneOrFail(Tenant, { id: this.context.tenantId! }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    tenant.policy = policyOf({ ...policyOf(tenant.policy), ...decision });
  }

  get() {
    return this.context.transaction(async (em) => view(await em.findOneOrFail(Tenant, { id: this.context.tenantId! })));
  }

  update({ name, policy }: UpdateCompany) {
    return this.context.transaction(async (em) => {
      // Locked: what two administrators change at once, both change.
      const tenant = await em.findOneOrFail(Tenant, { id: this.context.tenantId! }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      const before = policyOf(tenant.policy);
      if (name !== undefined) tenant.name = name;
      if (policy) tenant.policy = possible(policyOf({ ...before, ...policy, mfa: { ...before.mfa, ...policy.mfa } }));
      this.audit.record('company.updated', {
        targetId: tenant.id,
        details: { fields: [...(name === undefined ? [] : ['name']), ...Object.keys(policy ?? {}).map((key) => `policy.${key}`)] },
      });
      return view(tenant);
    });
  }
}

/** Nobody could do what a policy demands that forbids it as well. */
function possible(policy: CompanyPolicy): CompanyPolicy {
  const demanded = Object.values(policy.mfa).includes('phishing_resistant');
  if (demanded && policy.allowed_factors && !policy.allowed_factors.includes('webauthn'))
    throw invalid([{ path: ['policy', 'allowed_factors'], message: 'must include webauthn while mfa is phishing_resistant for a role' }]);
  return policy;
}

const view = ({ id, name, domain, policy, createdAt }: Tenant) => ({
  id,
  name,
  domain,
  policy: policyOf(policy),
  created_at: createdAt.toISOString(),
});
