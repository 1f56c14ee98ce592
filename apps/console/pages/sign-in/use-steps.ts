import { useNavigate, useSearch } from '@tanstack/react-router';
import { useSyncExternalStore } from 'react';
import { flow } from './flow.js';

/** Goes from one answer of a sign-in to what it asks for next, and in the end to where the reader wanted to be. */
export function useSteps() {
  const navigate = useNavigate();
  const { next } = useSearch({ strict: false }) as { next?: string };
  return (tokens: Parameters<typeof flow.take>[0]) => {
    const to = flow.take(tokens);
    if (to === '/') return void navigate({ href: next ?? '/', replace: true });
    void navigate({ to, search: next ? { next } : {} });
  };
}

export const usePending = () => useSyncExternalStore(flow.subscribe, flow.snapshot);
