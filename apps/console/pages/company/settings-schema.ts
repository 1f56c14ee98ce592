/** As much of JSON Schema as providers say what they need in. */
export interface SettingsSchema {
  type?: string;
  title?: string;
  description?: string;
  enum?: string[];
  default?: unknown;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  writeOnly?: boolean;
  required?: string[];
  properties?: Record<string, SettingsSchema>;
}

export type SettingsValues = Record<string, unknown>;

/** Keys and certificates have lines. */
const LONG = 2_000;
export const hasLines = ({ maxLength = 0 }: SettingsSchema) => maxLength >= LONG;
export const fieldsOf = ({ properties = {}, required = [] }: SettingsSchema) =>
  Object.entries(properties).map(([name, schema]) => ({
    name,
    schema,
    isRequired: required.includes(name) && schema.default === undefined,
  }));

/** What the form begins with: what is stored, else what holds without it, else nothing. Secrets are never read back. */
export const initialOf = (schema: SettingsSchema, stored: SettingsValues | undefined): SettingsValues =>
  Object.fromEntries(
    fieldsOf(schema).map(({ name, schema: field }) => {
      const kept = stored?.[name];
      if (field.type === 'object') return [name, initialOf(field, kept as SettingsValues | undefined)];
      return [name, field.writeOnly ? '' : (kept ?? (stored ? undefined : field.default) ?? (field.type === 'boolean' ? false : ''))];
    }),
  );

/** What is sent: nothing of what was left empty, so that a stored secret stays; null for secrets that are to end. */
export const sentOf = (schema: SettingsSchema, values: SettingsValues, ended: string[] = []): SettingsValues =>
  Object.fromEntries(
    fieldsOf(schema).flatMap(({ name, schema: field }): [string, unknown][] => {
      const value = values[name];
      if (ended.includes(name) && (value === '' || value == null)) return [[name, null]];
      if (field.type === 'object') {
        const inner = sentOf(field, (value ?? {}) as SettingsValues);
        return Object.keys(inner).length > 0 ? [[name, inner]] : [];
      }
      if (value === '' || value == null) return [];
      return [[name, typeof value === 'string' && !field.writeOnly ? value.trim() : value]];
    }),
  );

export type Fault = 'missing' | 'form' | 'range';
/** What the API would refuse, found before it is asked; by the path of the field in the form. */
export function faultsOf(schema: SettingsSchema, values: SettingsValues, stored: string[], path = 'settings'): Record<string, Fault> {
  const faults: Record<string, Fault> = {};
  for (const { name, schema: field, isRequired } of fieldsOf(schema)) {
    const value = values[name];
    const at = `${path}.${name}`;
    if (field.type === 'object') Object.assign(faults, faultsOf(field, (value ?? {}) as SettingsValues, [], at));
    else if (value === '' || value == null) {
      if (isRequired && !stored.includes(name)) faults[at] = 'missing';
    } else if (typeof value === 'string') {
      const text = field.writeOnly ? value : value.trim();
      if (field.pattern && !new RegExp(field.pattern, 'u').test(text)) faults[at] = 'form';
      else if (text.length < (field.minLength ?? 0) || text.length > (field.maxLength ?? Infinity)) faults[at] = 'form';
    } else if (typeof value === 'number' && (value < (field.minimum ?? -Infinity) || value > (field.maximum ?? Infinity)))
      faults[at] = 'range';
  }
  return faults;
}
