import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { Listing, More } from '../../parts/listing.js';
import { Empty, Loaded } from '../../parts/loaded.js';
import { Page } from '../../parts/page.js';
import { Panel } from '../../parts/panel.js';
import { usePages } from '../../parts/use-pages.js';
import { ApiKeyRow } from './api-key-row.js';
import { CreateApiKey } from './create-api-key.js';
import { API_KEYS } from './keys.js';
import { SecretOnce } from './secret-once.js';

/** The keys that the company's applications call with. */
export function ApiKeysPage() {
  const { t } = useTranslation('company');
  const [creating, { open, close }] = useDisclosure(false);
  const [made, setMade] = useState<Schemas['CreatedApiKey']>();
  const keys = usePages(API_KEYS, (cursor) =>
    answer(api.GET('/api/company/api-keys', { params: { query: { limit: 25, ...(cursor && { cursor }) } } })),
  );
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
      {t('keys.create')}
    </Button>
  );
  return (
    <Page title={t('keys.title')} lead={t('keys.lead')} actions={create}>
      <Panel title={t('keys.all')}>
        <Loaded query={keys} isEmpty={(list) => list.length === 0} empty={<Empty title={t('keys.none')}>{t('keys.noneText')}</Empty>}>
          {(list) => (
            <>
              <Listing label={t('keys.all')} head={[t('keys.name'), t('keys.scopes'), t('keys.used'), t('keys.ends'), '']} minWidth={760}>
                {list.map((key) => (
                  <ApiKeyRow key={key.id} apiKey={key} rotated={setMade} />
                ))}
              </Listing>
              <More query={keys} />
            </>
          )}
        </Loaded>
      </Panel>
      <CreateApiKey
        opened={creating}
        close={close}
        created={(key) => {
          close();
          setMade(key);
        }}
      />
      <SecretOnce
        title={t('keys.made', { name: made?.name })}
        secret={made?.key}
        {...(made && { example: { title: t('keys.example'), lines: exampleOf(made) } })}
        close={() => setMade(undefined)}
      />
    </Page>
  );
}

/** A call that this very key may make. */
function exampleOf({ key, scopes }: Schemas['CreatedApiKey']): string {
  const base = window.location.origin;
  const header = `-H 'x-api-key: ${key}'`;
  const json = `${header} \\\n  -H 'content-type: application/json'`;
  if (scopes.includes('verifications:send'))
    return `curl ${base}/api/verifications \\\n  ${json} \\\n  -d '{"to":"+34612345678","channel":"sms"}'`;
  if (scopes.includes('messages:send'))
    return `curl ${base}/api/messages \\\n  ${json} \\\n  -d '{"channel":"sms","recipient":"+34612345678","template":"parcel"}'`;
  return `curl ${base}/api/api-key \\\n  ${header}`;
}
