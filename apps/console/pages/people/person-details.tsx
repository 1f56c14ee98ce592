import { Button, Group, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { LANGUAGES } from '../../i18n.js';
import { Panel } from '../../parts/panel.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useAction } from '../../parts/use-action.js';
import { PEOPLE, personKey } from './keys.js';
import { useRoles } from './use-roles.js';

/** What an administrator may correct; only what was changed is sent. */
export function PersonDetails({ person }: { person: Schemas['User'] }) {
  const { t } = useTranslation(['people', 'common']);
  const roles = useRoles();
  const path = { id: person.id };
  const { full_name, role } = person;
  const form = useForm({ initialValues: { full_name, phone_number: person.phone_number ?? '', locale: person.locale ?? '', role } });
  const save = useAction(
    async ({ full_name, phone_number, locale, role }: typeof form.values) => {
      const changed = {
        ...(form.isDirty('full_name') && { full_name }),
        ...(form.isDirty('phone_number') && { phone_number: phone_number.trim() || null }),
        ...(form.isDirty('locale') && { locale: locale || null }),
      };
      if (Object.keys(changed).length > 0) await answer(api.PUT('/api/users/{id}', { params: { path }, body: changed }));
      if (form.isDirty('role')) await answer(api.PUT('/api/users/{id}/role', { params: { path }, body: { role } }));
    },
    { changes: [PEOPLE, personKey(person.id)], done: t('saved', { ns: 'common' }), form },
  );
  const known = Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }));
  const other = person.locale && !(person.locale in LANGUAGES) ? [{ value: person.locale, label: person.locale }] : [];
  return (
    <Panel title={t('details.title')} lead={t('details.lead')}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput label={t('list.name')} required maxLength={200} autoComplete="off" {...form.getInputProps('full_name')} />
            <TextInput label={t('person.phone')} type="tel" autoComplete="off" {...form.getInputProps('phone_number')} />
            <Select
              label={t('list.role')}
              description={t(`roleHints.${form.values.role}`)}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              data={roles}
              allowDeselect={false}
              {...form.getInputProps('role')}
            />
            <Select
              label={t('person.language')}
              data={[{ value: '', label: t('details.noLanguage') }, ...known, ...other]}
              allowDeselect={false}
              {...form.getInputProps('locale')}
            />
          </SimpleGrid>
          <ProblemAlert error={save.error} fields={false} />
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
              {t('save', { ns: 'common' })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}
