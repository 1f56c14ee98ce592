import { Button, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client.js';
import { useFactorWords } from '../../parts/factor-words.js';
import { type Proof, ProveFactor } from '../../parts/prove-factor.js';
import { useAction } from '../../parts/use-action.js';
import { useFocusKept } from '../../parts/use-focus-kept.js';
import { ME } from '../../shell/use-me.js';

export const usable = (factors: Schemas['Factor'][]) => factors.filter(({ confirmed, disabled }) => confirmed && !disabled);

/** Takes a fresh proof of any of the reader's factors. */
export function RemoveFactor({ factor, factors }: { factor: Schemas['Factor']; factors: Schemas['Factor'][] }) {
  const { t } = useTranslation(['account', 'common']);
  const words = useFactorWords();
  const [opened, { open, close }] = useDisclosure(false);
  const kept = useFocusKept<HTMLButtonElement>();
  const name = factor.label ?? words(factor.type);
  const removed = useAction(async () => {}, { changes: [['factors'], ['backup-codes'], ME], done: t('security.removed') });
  return (
    <>
      <Button ref={kept} variant="default" size="xs" onClick={open} aria-label={`${t('remove', { ns: 'common' })}: ${name}`}>
        {t('remove', { ns: 'common' })}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={t('security.removeTitle', { name })}
        centered
        closeButtonProps={{ 'aria-label': t('close', { ns: 'common' }) }}
      >
        <Stack>
          <Text size="sm">{t('security.removeText')}</Text>
          <ProveFactor
            factors={usable(factors)}
            submit={t('remove', { ns: 'common' })}
            run={({ code, credential }: Proof) =>
              answer(
                api.DELETE('/api/auth/mfa/factors/{id}', {
                  params: { path: { id: factor.id } },
                  body: { ...(code !== undefined && { code }), ...(credential && { credential }) },
                }),
              )
            }
            after={() => {
              close();
              removed.mutate();
            }}
          />
        </Stack>
      </Modal>
    </>
  );
}
