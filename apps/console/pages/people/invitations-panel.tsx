import { Button, Group, Table } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { ConfirmButton } from '../../parts/confirm-button.js';
import { Listing, More } from '../../parts/listing.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Panel } from '../../parts/panel.js';
import { useAction } from '../../parts/use-action.js';
import { usePages } from '../../parts/use-pages.js';
import { When } from '../../parts/when.js';
import { INVITATIONS } from './keys.js';

/** Who was asked to join and has not yet. */
export function InvitationsPanel() {
  const { t } = useTranslation('people');
  const open = usePages(INVITATIONS, (cursor) =>
    answer(api.GET('/api/users/invitations', { params: { query: { limit: 25, ...(cursor && { cursor }) } } })),
  );
  return (
    <Panel title={t('invitations.title')} lead={t('invitations.lead')}>
      <Loaded query={open} rows={1} isEmpty={(list) => list.length === 0} empty={<Empty title={t('invitations.none')} />}>
        {(list) => (
          <>
            <Listing
              label={t('invitations.title')}
              head={[t('invite.email'), t('list.role'), t('invitations.sent'), t('invitations.until'), '']}
              minWidth={680}
            >
              {list.map((invitation) => (
                <InvitationRow key={invitation.id} invitation={invitation} />
              ))}
            </Listing>
            <More query={open} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function InvitationRow({ invitation: { id, email, role, created_at, expires_at } }: { invitation: Schemas['Invitation'] }) {
  const { t } = useTranslation(['people', 'common']);
  const again = useAction(() => answer(api.POST('/api/users/invitations', { body: { email, role } })), {
    changes: [INVITATIONS],
    done: t('invite.sent'),
    tellsFailure: true,
  });
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{email}</Table.Td>
      <Table.Td>{t(`roles.${role}`, { ns: 'common' })}</Table.Td>
      <Table.Td>
        <When at={created_at} />
      </Table.Td>
      <Table.Td>
        <When at={expires_at} />
      </Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          <Button
            variant="default"
            size="xs"
            onClick={() => again.mutate()}
            loading={again.isPending}
            aria-label={`${t('invitations.again')}: ${email}`}
          >
            {t('invitations.again')}
          </Button>
          <ConfirmButton
            label={t('invitations.withdraw')}
            aria-label={`${t('invitations.withdraw')}: ${email}`}
            title={t('invitations.withdrawTitle')}
            changes={[INVITATIONS]}
            run={() => answer(api.DELETE('/api/users/invitations/{id}', { params: { path: { id } } }))}
          >
            {t('invitations.withdrawText', { email })}
          </ConfirmButton>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
