import { defineErrors } from '@app/platform';

export const TenantError = defineErrors('company', {
  domainTaken: ['conflict', 'A company with this domain exists already.'],
  tooManyApiKeys: ['conflict', 'There are too many live API keys.'],
  apiKeyOver: ['conflict', 'This API key is over, or another has taken its place.'],
  apiKeyNotFound: ['not_found', 'There is no such API key.'],
});
