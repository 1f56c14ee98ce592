import '@mantine/core/styles.css';
import './console.css';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startLanguages } from './i18n.js';
import { queries } from './queries.js';
import { router } from './router.js';
import { StepUp } from './shell/step-up.js';
import { cssVariables, theme } from './theme.js';

/** The policy of the page lets in styles that carry it. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')!.content;
setNonce(nonce);

await startLanguages();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" cssVariablesResolver={cssVariables} getStyleNonce={() => nonce}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
        <StepUp />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
