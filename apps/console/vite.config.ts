import { defineConfig } from 'vite';

const API = process.env.WATCHWORD_API ?? 'http://localhost:8000';
const SERVED_BY_THE_API = ['/api', '/dev', '/.well-known', '/docs', '/openapi.json', '/health'];

/** `npm start` builds it into dist/console, which the API serves; `npm run console` serves it with hot reloading, beside a running API. */
export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    target: 'es2023',
    // Everything that the policy of the page must let through stands in a file of our own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      // Libraries say `use client` to servers that render; nothing is rendered on a server here.
      onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
    },
  },
  logLevel: 'warn',
  server: { port: 5173, proxy: Object.fromEntries(SERVED_BY_THE_API.map((path) => [path, API])) },
});
