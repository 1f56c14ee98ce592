import { defineErrors } from '@app/platform';

export const TenantError = defineErrors('company', {
  domainTaken: ['conflict', 'A company with this domain exists already.'],
  tooManyApiKeys: ['conflict', 'There are too many live API keys.'],
  apiKeyNotFound: ['not_found', 'There is no such API key.'],
});
