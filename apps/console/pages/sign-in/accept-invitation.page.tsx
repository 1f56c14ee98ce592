import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { session } from '../../api/session.js';
import { Loaded } from '../../parts/loaded.js';
import { PasswordField } from '../../parts/password-field.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { Door } from '../../shell/door.js';
import { LinkMissing } from './link-missing.js';
import { isSpent, LinkSpent } from './link-spent.js';
import { useLinkToken } from './link-token.js';
import { useSteps } from './use-steps.js';

/** Says by whom and to which company, joins it, and signs in. */
export function AcceptInvitationPage() {
  const { t } = useTranslation('sign-in');
  const token = useLinkToken();
  const invitation = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => answer(api.POST('/api/auth/invitation', { body: { token: token! } })),
    enabled: token !== undefined,
    staleTime: Infinity,
  });
  if (!token) return <LinkMissing />;
  if (isSpent(invitation.error)) return <Spent error={invitation.error} />;
  if (!invitation.data)
    return (
      <Door title={t('invitationPage.title')}>
        <Loaded query={invitation} rows={4}>
          {() => null}
        </Loaded>
      </Door>
    );
  return <Join token={token} invitation={invitation.data} />;
}

function Join({ token, invitation }: { token: string; invitation: Schemas['InvitationSeen'] }) {
  const { t } = useTranslation(['sign-in', 'common']);
  const go = useSteps();
  const isIn = useSyncExternalStore(session.subscribe, session.snapshot) === 'in';
  const form = useForm({ initialValues: { full_name: '', password: '' } });
  const accept = useAction(
    async (values: typeof form.values) => {
      const { email } = await answer(api.POST('/api/auth/accept-invitation', { body: { token, ...values } }));
      return answer(api.POST('/api/auth/login', { body: { email, password: values.password } }));
    },
    { after: go, form },
  );
  if (isSpent(accept.error)) return <Spent error={accept.error} />;
  const { invited_by: inviter, company_name: company, email, role } = invitation;
  return (
    <Door
      title={t('invitationPage.title')}
      lead={t('invitationPage.lead', { inviter, company, email, role: t(`roles.${role}`, { ns: 'common' }) })}
    >
      <form onSubmit={form.onSubmit((values) => accept.mutate(values))}>
        <Stack>
          <TextInput label={t('fullName')} autoComplete="name" required autoFocus maxLength={200} {...form.getInputProps('full_name')} />
          <PasswordField kind="new" label={t('password')} {...form.getInputProps('password')} />
          {isIn && <Text size="sm">{t('invitationPage.replaces')}</Text>}
          <ProblemAlert error={accept.error} />
          <Button type="submit" loading={accept.isPending}>
            {t('invitationPage.submit')}
          </Button>
        </Stack>
      </form>
    </Door>
  );
}

function Spent({ error }: { error: unknown }) {
  const { t } = useTranslation('sign-in');
  return (
    <LinkSpent error={error}>
      <Text size="sm">{t('invitationPage.spent')}</Text>
    </LinkSpent>
  );
}
