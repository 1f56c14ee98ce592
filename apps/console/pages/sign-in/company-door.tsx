import { Button, Stack, Text, TextInput, type TextInputProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client.js';
import { goingOut } from './going-out.js';

/** Names the company that is meant, and offers the ways in that it has set up. */
export function CompanyDoor({ email, value, ...field }: TextInputProps & { email: string }) {
  const { t } = useTranslation('sign-in');
  const typed = String(value ?? '') || email.split('@')[1] || '';
  const [domain] = useDebouncedValue(typed.trim().toLowerCase(), 400);
  const options = useQuery({
    queryKey: ['sign-in-options', domain],
    queryFn: () => answer(api.GET('/api/auth/sign-in-options', { params: { query: { company_domain: domain } } })),
    enabled: /.\.[a-z]{2,}$/.test(domain),
    staleTime: 60_000,
  });
  const providers = options.data?.identity_providers ?? [];
  return (
    <Stack gap="xs">
      <TextInput
        label={t('companyDomain')}
        description={t('companyDomainHint')}
        placeholder={email.split('@')[1] || 'acme.example'}
        {...field}
        value={value}
      />
      {providers.map(({ name, display_name }) => (
        <Button key={name} variant="default" component="a" href={startAddress(domain, name)} onClick={goingOut.begin}>
          {t('continueWith', { name: display_name ?? name })}
        </Button>
      ))}
      {options.data && providers.length === 0 && (
        <Text size="sm" c="dimmed" role="status">
          {t('noProviders')}
        </Text>
      )}
    </Stack>
  );
}

const startAddress = (domain: string, provider: string) =>
  `/api/auth/oidc/${encodeURIComponent(domain)}/${encodeURIComponent(provider)}/start?return_to=${encodeURIComponent(`${window.location.origin}/sign-in/returned`)}`;
