import { Anchor, Badge, createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** Of a bronze tile gone green. White text stands on the sixth shade at 5:1, on the seventh at 6:1. */
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
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.32,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
  components: {
    // A link among words is told by more than its colour (WCAG 1.4.1).
    Anchor: Anchor.extend({ defaultProps: { underline: 'always' } }),
    Badge: Badge.extend({ defaultProps: { tt: 'none' } }),
  },
});

/** Mantine's secondary text, and the text of its light and filled variants, are too faint for everybody to read (WCAG 1.4.3 asks for 4.5:1). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: { '--mantine-color-red-filled': '#c92a2a', '--mantine-color-red-filled-hover': '#b02525' },
  light: {
    '--mantine-color-dimmed': '#5a6270',
    '--mantine-color-placeholder': '#6b7280',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-yellow-light-color': '#7a4b00',
    '--mantine-color-orange-light-color': '#9a3b00',
    '--mantine-color-green-light-color': '#1d6b2f',
    '--mantine-color-teal-light-color': '#066649',
    '--mantine-color-red-light-color': '#b02525',
  },
  dark: {
    '--mantine-color-dimmed': '#a8aeb8',
    '--mantine-color-placeholder': '#8d939d',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-red-light-color': '#ffa8a8',
    '--mantine-color-yellow-light-color': '#ffe066',
  },
});
