import { Autocomplete, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useWords } from './use-words.js';

/** Which action: chosen by its words, or typed as the API calls it, since it may know more than this console. */
export function FilterAction({
  value = '',
  seen,
  change,
}: {
  value?: string | undefined;
  /** Actions that stand on the page. */
  seen: string[];
  change: (to: string | undefined) => void;
}) {
  const { t } = useTranslation('insight');
  const words = useWords();
  const known = Object.keys(t('actions', { returnObjects: true })).map((key) => key.replace('_', '.'));
  const actions = [...new Set([...known, ...seen])].toSorted((a, b) => words('actions', a).localeCompare(words('actions', b)));
  const [typed, setTyped] = useState(value);
  const [opened, setOpened] = useState(false);
  useEffect(() => setTyped(value), [value]);
  const settle = (said: string) => {
    const text = said.trim();
    const action = actions.find((one) => words('actions', one).toLowerCase() === text.toLowerCase()) ?? text;
    setTyped(action);
    if (action !== value) change(action || undefined);
  };
  return (
    <Autocomplete
      label={t('audit.action')}
      placeholder="auth.signed_in"
      maxLength={100}
      limit={200}
      data={actions}
      // What is chosen already stands in the field: that is no reason to offer nothing else.
      filter={({ search, options }) => {
        const sought = search.trim().toLowerCase();
        if (sought === value) return options;
        return options.filter(
          (option) => 'value' in option && `${option.value} ${words('actions', `${option.value}`)}`.toLowerCase().includes(sought),
        );
      }}
      renderOption={({ option }) => (
        <div>
          <Text size="sm">{words('actions', `${option.value}`)}</Text>
          <Text size="xs" ff="monospace" opacity={0.8}>
            {option.value}
          </Text>
        </div>
      )}
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
      value={typed}
      onChange={setTyped}
      onOptionSubmit={settle}
      onBlur={() => settle(typed)}
      dropdownOpened={opened}
      onDropdownOpen={() => setOpened(true)}
      onDropdownClose={() => setOpened(false)}
      onKeyDown={({ key, currentTarget }) => {
        // Enter on an option chooses that one, whatever is typed. One that typing has filtered out may still be named.
        const option = currentTarget.getAttribute('aria-activedescendant');
        if (key !== 'Enter' || (option && document.getElementById(option))) return;
        settle(typed);
        setOpened(false);
      }}
      spellCheck={false}
    />
  );
}
