import { Select, Switch, TagsInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useTranslation } from 'react-i18next';

const ROLES = ['user', 'manager'] as const;

export interface Admitted {
  just_in_time: boolean;
  role: (typeof ROLES)[number];
  allowed_email_domains: string[];
  link_verified_emails: boolean;
}

/** As it is set, or what nothing set means. */
export const admittedBy = (set: Admitted | null | undefined): Admitted => ({
  just_in_time: set?.just_in_time ?? false,
  role: set?.role ?? 'user',
  allowed_email_domains: set?.allowed_email_domains ?? [],
  link_verified_emails: set?.link_verified_emails ?? false,
});

/** Who comes in with an account of elsewhere, and as what. */
export function WhoComesIn({ form, jitHint }: { form: Pick<UseFormReturnType<Admitted>, 'getInputProps' | 'values'>; jitHint: string }) {
  const { t } = useTranslation(['company', 'common']);
  const { just_in_time: isJustInTime, allowed_email_domains: domains } = form.values;
  return (
    <>
      <Switch label={t('identity.jit')} description={jitHint} {...form.getInputProps('just_in_time', { type: 'checkbox' })} />
      {isJustInTime && (
        <Select
          label={t('identity.role')}
          data={ROLES.map((value) => ({ value, label: t(`roles.${value}`, { ns: 'common' }) }))}
          allowDeselect={false}
          {...form.getInputProps('role')}
        />
      )}
      <TagsInput
        label={t('identity.domains')}
        description={t('identity.domainsHint')}
        placeholder={domains.length === 0 ? 'example.com' : ''}
        {...form.getInputProps('allowed_email_domains')}
      />
      <Switch
        label={t('identity.link')}
        description={t('identity.linkHint')}
        {...form.getInputProps('link_verified_emails', { type: 'checkbox' })}
      />
    </>
  );
}
