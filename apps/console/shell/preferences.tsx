import { ActionIcon, Group, NativeSelect, useMantineColorScheme } from '@mantine/core';
import { IconDeviceDesktop, IconMoon, IconSun } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { type Language, LANGUAGES, speak } from '../i18n.js';

const SCHEMES = { auto: IconDeviceDesktop, light: IconSun, dark: IconMoon } as const;
const AFTER = { auto: 'light', light: 'dark', dark: 'auto' } as const;

/** How this browser shows the console: language and theme. */
export function Preferences() {
  const { t, i18n } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Scheme = SCHEMES[colorScheme];
  const theme = `${t('theme')}: ${t(`themes.${colorScheme}`)}`;
  return (
    <Group gap={4} wrap="nowrap">
      <NativeSelect
        aria-label={t('language')}
        size="xs"
        variant="unstyled"
        value={i18n.language}
        onChange={({ currentTarget }) => void speak(currentTarget.value as Language)}
        data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
        w={92}
      />
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={theme}
        title={theme}
        onClick={() => setColorScheme(AFTER[colorScheme])}
      >
        <Scheme size={20} aria-hidden />
      </ActionIcon>
    </Group>
  );
}
