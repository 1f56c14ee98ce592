import { useNavigate, useSearch } from '@tanstack/react-router';
import { useSyncExternalStore } from 'react';
import { ownPath } from '../../own-path.js';
import { flow } from './flow.js';

/** Goes from one answer of a sign-in to what it asks for next, and in the end to where the reader wanted to be. */
export function useSteps() {
  const navigate = useNavigate();
  // Read once more: what a route does not validate, its children inherit as it was sent.
  const next = ownPath((useSearch({ strict: false }) as { next?: unknown }).next);
  return (tokens: Parameters<typeof flow.take>[0]) => {
    const to = flow.take(tokens);
    // The step is over once its page is left: sooner, it would lead back to the first one.
    if (to === '/') return void navigate({ href: next ?? '/', replace: true }).finally(flow.end);
    void navigate({ to, search: next ? { next } : {} });
  };
}

export const usePending = () => useSyncExternalStore(flow.subscribe, flow.snapshot);
