import { Checkbox, type PasswordInputProps, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { PasswordField } from '../../parts/password-field.js';

/** What a form holds of a client's secret, which goes in and is never read back. */
export interface SecretValues {
  client_secret: string;
  /** The stored one is to be forgotten: a public client from now on. */
  ends_secret: boolean;
}

export const NO_SECRET: SecretValues = { client_secret: '', ends_secret: false };

/** Left out, the stored one stays. */
export const secretSent = (values: SecretValues, isStored: boolean): { client_secret?: string | null } => {
  if (values.client_secret) return { client_secret: values.client_secret };
  return isStored && !values.ends_secret ? {} : { client_secret: null };
};

/** `moved`: the settings lead elsewhere now, and there the stored one does not follow. */
export const isSecretMissing = (values: SecretValues, isStored: boolean, moved: boolean) =>
  isStored && moved && !values.client_secret && !values.ends_secret;

export function ClientSecret({
  isStored,
  moved,
  ends,
  setEnds,
  ...input
}: PasswordInputProps & { isStored: boolean; moved: boolean; ends: boolean; setEnds: (ends: boolean) => void }) {
  const { t } = useTranslation('company');
  const stays = isStored && !moved;
  const hint = stays ? 'identity.secretStays' : isStored ? 'identity.secretAgain' : 'identity.clientSecretHint';
  return (
    <Stack gap={6}>
      <PasswordField
        kind="new"
        required={false}
        label={t('identity.clientSecret')}
        description={t(hint)}
        placeholder={ends ? t('settings.ends') : stays ? t('settings.stored') : ''}
        {...input}
      />
      {isStored && (
        <Checkbox size="xs" label={t('settings.end')} checked={ends} onChange={({ currentTarget }) => setEnds(currentTarget.checked)} />
      )}
    </Stack>
  );
}
