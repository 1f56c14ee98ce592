import { Anchor, Center, Image, List, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client.js';
import { ConfirmCode } from './confirm-code.js';
import { Copyable } from './copyable.js';
import type { Enrolment } from './enrol-factor.js';
import { Loaded } from './loaded.js';

export function EnrolTotp({ headers = {}, done }: Enrolment) {
  const { t } = useTranslation();
  const started = useQuery({
    queryKey: ['enrol', 'totp'],
    queryFn: () => answer(api.POST('/api/auth/mfa/factors', { body: { type: 'totp', locale: 'en' }, headers })),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  return (
    <Loaded query={started} rows={6}>
      {({ factor_id, qr_code, otpauth_uri, secret, manual_entry_key }) => (
        <Stack>
          <List type="ordered" size="sm" spacing={4}>
            <List.Item>{t('totp.step1')}</List.Item>
            <List.Item>{t('totp.step2')}</List.Item>
            <List.Item>{t('totp.step3')}</List.Item>
          </List>
          <Center bg="white" p="xs" style={{ borderRadius: 'var(--mantine-radius-md)' }}>
            <Image src={qr_code} alt={t('totp.qr')} w={220} h={220} style={{ imageRendering: 'pixelated' }} />
          </Center>
          <div>
            <Text size="sm" c="dimmed">
              {t('totp.key')}
            </Text>
            <Copyable text={secret!} shown={manual_entry_key!} label={t('totp.key')} />
          </div>
          <Anchor href={otpauth_uri} size="sm">
            {t('totp.here')}
          </Anchor>
          <ConfirmCode factorId={factor_id} headers={headers} done={done} />
        </Stack>
      )}
    </Loaded>
  );
}
