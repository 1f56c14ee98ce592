import { Alert, Button, FileButton, Group, Progress, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconLink, IconShieldCheck } from '@tabler/icons-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import type { Verdict } from '../../audit-chain/verdict.js';
import { Panel } from '../../parts/panel.js';
import { ProblemAlert } from '../../parts/problem-alert.js';
import { useFormat } from '../../parts/use-format.js';
import { useChainVerification } from './use-chain-verification.js';

/** "Verify chain": nothing but this browser, the export and the public keys. */
export function VerifyChain() {
  const { t } = useTranslation(['insight', 'common']);
  const { number } = useFormat();
  const { state, verify, cancel } = useChainVerification();
  useEffect(() => cancel, [cancel]);
  return (
    <Panel
      title={t('chain.title')}
      lead={t('chain.lead')}
      actions={
        state.is === 'running' ? (
          <Button variant="default" onClick={cancel}>
            {t('cancel', { ns: 'common' })}
          </Button>
        ) : (
          <Group gap="xs">
            <Button leftSection={<IconLink size={16} aria-hidden />} onClick={() => void verify()}>
              {t('chain.verify')}
            </Button>
            <FileButton onChange={(file) => file && void verify(file)} accept=".ndjson,application/x-ndjson">
              {(props) => (
                <Button variant="default" {...props}>
                  {t('chain.verifyFile')}
                </Button>
              )}
            </FileButton>
          </Group>
        )
      }
    >
      <div aria-live="polite">
        {state.is === 'running' && (
          <Stack gap={6}>
            <Progress value={100} animated aria-label={t('chain.running')} />
            <Text size="sm">
              {t('chain.progress', { count: state.events, number: number(state.events), size: number(state.bytes / 1e6, 1) })}
            </Text>
          </Stack>
        )}
        {state.is === 'cancelled' && <Text size="sm">{t('chain.cancelled')}</Text>}
        {state.is === 'cannot' && (
          <Alert color="orange" variant="light" icon={<IconAlertTriangle aria-hidden />} role="note">
            {t(`chain.cannot.${state.why}`)}
          </Alert>
        )}
        {state.is === 'failed' && <ProblemAlert error={state.error} />}
        {state.is === 'done' && <Said verdict={state.verdict} seconds={state.seconds} />}
      </div>
    </Panel>
  );
}

function Said({ verdict: { ok, events, unsignedTail, signedAt, lastHash, finding }, seconds }: { verdict: Verdict; seconds: number }) {
  const { t } = useTranslation('insight');
  const { number, exact } = useFormat();
  const count = { count: events, number: number(events) };
  if (ok)
    return (
      <Alert color="verdigris" variant="light" icon={<IconShieldCheck aria-hidden />} title={t('chain.whole', count)}>
        <Text size="sm">{t('chain.wholeText', { when: exact(signedAt!), seconds: number(seconds, 1) })}</Text>
        <Text size="xs" mt={4} ff="monospace" style={{ overflowWrap: 'anywhere' }}>
          {lastHash}
        </Text>
      </Alert>
    );
  const { kind, line, seq, id, detail, missing, foundAt } = finding!;
  if (kind === 'empty')
    return (
      <Alert color="gray" variant="light">
        {t('chain.findings.empty')}
      </Alert>
    );
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title={t('chain.broken', { line: number(line) })}>
      <Text size="sm">
        {t(`chain.findings.${kind}`, { from: missing?.from, to: missing?.to, foundAt, detail: detail ?? '', count: unsignedTail })}
      </Text>
      <Text size="sm" mt={4}>
        {seq !== null && `${t('chain.at', { seq })} `}
        {t('chain.before', count)}
      </Text>
      {id && (
        <Text size="xs" mt={4} ff="monospace">
          {id}
        </Text>
      )}
    </Alert>
  );
}
