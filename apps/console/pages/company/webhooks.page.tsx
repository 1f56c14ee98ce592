import { Anchor, Badge, Button, Modal, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { Listing, More } from '../../parts/listing.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { useAction } from '../../parts/use-action.js';
import { usePages } from '../../parts/use-pages.js';
import { When } from '../../parts/when.js';
import { WEBHOOKS } from './keys.js';
import { SecretOnce } from './secret-once.js';
import { WebhookFields } from './webhook-fields.js';

/** Where the company's own servers are told of what happens. */
export function WebhooksPage() {
  const { t } = useTranslation(['company', 'common']);
  const navigate = useNavigate();
  const [creating, { open, close }] = useDisclosure(false);
  const [made, setMade] = useState<Schemas['WebhookWithSecret']>();
  const hooks = usePages(WEBHOOKS, (cursor) =>
    answer(api.GET('/api/company/webhooks', { params: { query: { limit: 25, ...(cursor && { cursor }) } } })),
  );
  const create = useAction((body: Schemas['CreateWebhook']) => answer(api.POST('/api/company/webhooks', { body })), {
    changes: [WEBHOOKS],
    after: (hook) => {
      close();
      setMade(hook);
    },
  });
  return (
    <Page
      title={t('hooks.title')}
      lead={t('hooks.lead')}
      actions={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
          {t('hooks.create')}
        </Button>
      }
    >
      <Panel title={t('hooks.all')}>
        <Loaded query={hooks} isEmpty={(list) => list.length === 0} empty={<Empty title={t('hooks.none')}>{t('hooks.noneText')}</Empty>}>
          {(list) => (
            <>
              <Listing label={t('hooks.all')} head={[t('hooks.url'), t('hooks.events'), t('hooks.state'), t('hooks.made')]}>
                {list.map((hook) => (
                  <Table.Tr key={hook.id}>
                    <Table.Td>
                      <Anchor component={Link} to={`/webhooks/${hook.id}`} size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
                        {hook.url}
                      </Anchor>
                      {hook.description && (
                        <Text size="xs" c="dimmed">
                          {hook.description}
                        </Text>
                      )}
                    </Table.Td>
                    <Table.Td>{t('hooks.eventCount', { count: hook.event_types.length })}</Table.Td>
                    <Table.Td>
                      <HookState hook={hook} />
                    </Table.Td>
                    <Table.Td>
                      <When at={hook.created_at} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Listing>
              <More query={hooks} />
            </>
          )}
        </Loaded>
      </Panel>
      <Modal
        opened={creating}
        onClose={close}
        size="lg"
        title={t('hooks.createTitle')}
        closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
      >
        <WebhookFields submit={t('hooks.create')} action={create} />
      </Modal>
      <SecretOnce
        title={t('hooks.secret')}
        secret={made?.secret}
        close={() => {
          if (made) void navigate({ to: '/webhooks/$id', params: { id: made.id } });
          setMade(undefined);
        }}
      />
    </Page>
  );
}

export function HookState({ hook }: { hook: Schemas['Webhook'] }) {
  const { t } = useTranslation('company');
  if (!hook.enabled) return <Badge color={hook.disabled_because ? 'red.9' : 'gray.7'}>{t('hooks.off')}</Badge>;
  if (hook.failing_since) return <Badge color="yellow">{t('hooks.failing')}</Badge>;
  return <Badge variant="light">{t('hooks.on')}</Badge>;
}
