import { Checkbox, Fieldset, NumberInput, Select, Stack, Switch, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { PasswordField } from '../../parts/password-field.js';
import type { ChannelValues } from './channel-form.js';
import { fieldsOf, hasLines, type SettingsSchema } from './settings-schema.js';
import { useSettingWords } from './use-setting-words.js';

interface Props {
  form: UseFormReturnType<ChannelValues>;
  provider: string;
  name: string;
  /** In the settings: `url`, or `proxy.url`. */
  path: string;
  schema: SettingsSchema;
  isRequired: boolean;
  /** Names of the secrets that are stored. */
  stored: string[];
}

/** One setting, drawn from what the provider says of it. */
export function SettingsField({ form, provider, name, path, schema, isRequired, stored }: Props) {
  const { t } = useTranslation('company');
  const { label, description } = useSettingWords(provider)(path, name, schema);
  const inForm = `settings.${path}`;
  const common = { label, description, required: isRequired, ...form.getInputProps(inForm) };
  if (schema.type === 'object')
    return (
      <Fieldset legend={label}>
        <Stack>
          {fieldsOf(schema).map((field) => (
            <SettingsField key={field.name} form={form} provider={provider} path={`${path}.${field.name}`} stored={[]} {...field} />
          ))}
        </Stack>
      </Fieldset>
    );
  if (schema.type === 'boolean')
    return <Switch label={label} description={description} {...form.getInputProps(inForm, { type: 'checkbox' })} />;
  if (schema.enum) return <Select {...common} data={schema.enum} clearable={!isRequired} clearButtonProps={{ 'aria-label': t('clear') }} />;
  if (schema.type === 'integer' || schema.type === 'number')
    return (
      <NumberInput
        {...common}
        allowDecimal={schema.type === 'number'}
        clampBehavior="none"
        thousandSeparator=""
        {...(schema.default !== undefined && { placeholder: String(schema.default) })}
      />
    );
  if (!schema.writeOnly)
    return hasLines(schema) ? <Textarea {...common} autosize minRows={4} maxRows={10} /> : <TextInput {...common} autoComplete="off" />;

  const isStored = stored.includes(name);
  const ends = form.values.ended.includes(name);
  const secret = {
    ...common,
    required: isRequired && !isStored,
    placeholder: isStored ? t(ends ? 'settings.ends' : 'settings.stored') : '',
    autoComplete: 'new-password',
  };
  return (
    <Stack gap={6}>
      {hasLines(schema) ? (
        <Textarea {...secret} autosize minRows={4} maxRows={10} spellCheck={false} />
      ) : (
        <PasswordField kind="new" {...secret} />
      )}
      {isStored && !isRequired && (
        <Checkbox
          size="xs"
          label={t('settings.end')}
          checked={ends}
          onChange={({ currentTarget: { checked } }) =>
            form.setFieldValue('ended', checked ? [...form.values.ended, name] : form.values.ended.filter((other) => other !== name))
          }
        />
      )}
    </Stack>
  );
}
