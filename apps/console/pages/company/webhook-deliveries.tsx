import { Badge, Button, Select, Table, Text } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { Listing, More } from '../../parts/listing.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Panel } from '../../parts/panel.js';
import { useAction } from '../../parts/use-action.js';
import { usePages } from '../../parts/use-pages.js';
import { When } from '../../parts/when.js';
import { DELIVERY_COLOURS, DELIVERY_STATUSES, isDeliveryStatus } from './delivery-status.js';
import { deliveriesKey } from './keys.js';
import { useEventWords } from './use-event-words.js';

const route = getRouteApi('/house/webhooks/$id');
const EVERY_MS = 5_000;

/** What was sent there, and what came of it; looked at again by itself. */
export function WebhookDeliveries({ hook }: { hook: Schemas['Webhook'] }) {
  const { t } = useTranslation('company');
  const { status } = route.useSearch();
  const navigate = route.useNavigate();
  const path = { id: hook.id };
  const deliveries = usePages(
    [...deliveriesKey(hook.id), status ?? ''],
    (cursor) =>
      answer(
        api.GET('/api/company/webhooks/{id}/deliveries', {
          params: { path, query: { limit: 20, ...(cursor && { cursor }), ...(status && { status }) } },
        }),
      ),
    { refetchInterval: EVERY_MS },
  );
  return (
    <Panel
      title={t('deliveries.title')}
      lead={t('deliveries.lead')}
      actions={
        <Select
          aria-label={t('deliveries.status')}
          data={[
            { value: '', label: t('deliveries.any') },
            ...DELIVERY_STATUSES.map((value) => ({ value, label: t(`deliveries.statuses.${value}`) })),
          ]}
          allowDeselect={false}
          w={180}
          value={status ?? ''}
          onChange={(value) => void navigate({ search: isDeliveryStatus(value) ? { status: value } : {}, replace: true })}
        />
      }
    >
      <Loaded query={deliveries} isEmpty={(list) => list.length === 0} empty={<Empty title={t('deliveries.none')} />}>
        {(list) => (
          <>
            <Listing
              label={t('deliveries.title')}
              head={[
                t('deliveries.event'),
                t('deliveries.status'),
                t('deliveries.attempts'),
                t('deliveries.response'),
                t('deliveries.at'),
                '',
              ]}
              minWidth={720}
            >
              {list.map((delivery) => (
                <DeliveryRow key={delivery.id} delivery={delivery} hook={hook} />
              ))}
            </Listing>
            <More query={deliveries} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function DeliveryRow({ delivery, hook }: { delivery: Schemas['WebhookDelivery']; hook: Schemas['Webhook'] }) {
  const { t } = useTranslation('company');
  const words = useEventWords();
  const { status, event_type: type, response_status: response } = delivery;
  const replay = useAction(
    () =>
      answer(
        api.POST('/api/company/webhooks/{id}/deliveries/{delivery_id}/replay', {
          params: { path: { id: hook.id, delivery_id: delivery.id } },
        }),
      ),
    { changes: [deliveriesKey(hook.id)], done: t('deliveries.replayed'), tellsFailure: true },
  );
  const isUnderWay = status === 'pending' || status === 'sending';
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm">{words(type)}</Text>
        <Text size="xs" c="dimmed">
          <code>{type}</code>
        </Text>
      </Table.Td>
      <Table.Td>
        <Badge variant={status === 'failed' ? 'filled' : 'light'} color={DELIVERY_COLOURS[status]}>
          {t(`deliveries.statuses.${status}`)}
        </Badge>
        {isUnderWay && delivery.attempts > 0 && delivery.next_attempt_at && (
          <Text size="xs" c="dimmed" component="div">
            {t('deliveries.next')} <When at={delivery.next_attempt_at} size="xs" />
          </Text>
        )}
      </Table.Td>
      <Table.Td>{delivery.attempts}</Table.Td>
      <Table.Td>
        <Text size="sm">{response ?? '–'}</Text>
        {delivery.reason && (
          <Text size="xs" c="dimmed" lang="en">
            {delivery.reason}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <When at={delivery.last_attempt_at ?? delivery.created_at} />
      </Table.Td>
      <Table.Td ta="right">
        {!isUnderWay && hook.enabled && (
          <Button
            variant="default"
            size="xs"
            onClick={() => replay.mutate()}
            loading={replay.isPending}
            aria-label={`${t('deliveries.replay')}: ${words(type)}`}
          >
            {t('deliveries.replay')}
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
