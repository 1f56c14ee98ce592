import { defineErrors } from '@app/platform';

export const TenantError = defineErrors('company', {
  domainTaken: ['conflict', 'A company with this domain exists already.'],
});
