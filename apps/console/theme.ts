import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** Of a bronze tile gone green. The seventh shade carries white text at 5.9:1, the fifth dark text. */
const verdigris: MantineColorsTuple = [
  '#e8f7f2',
  '#d3ebe2',
  '#a6d6c5',
  '#76c0a6',
  '#4fae8c',
  '#37a37c',
  '#1f7d63',
  '#1f6f5c',
  '#135a49',
  '#044537',
];

export const theme = createTheme({
  primaryColor: 'verdigris',
  colors: { verdigris },
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  luminanceThreshold: 0.32,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
});

/** Mantine's secondary text is too faint to be read by everybody (WCAG 1.4.3 asks for 4.5:1). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#5a6270', '--mantine-color-placeholder': '#6b7280', '--mantine-color-error': '#c92a2a' },
  dark: { '--mantine-color-dimmed': '#a8aeb8', '--mantine-color-placeholder': '#8d939d', '--mantine-color-error': '#ff8787' },
});
