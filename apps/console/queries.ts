import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { asProblem } from './api/problem.js';
import { session } from './api/session.js';

/** Tried again is only what may be better the next time: the server was out of reach, or busy. */
const isPassing = (error: unknown) => [0, 502, 503, 504].includes(asProblem(error).status);

function signedOut(error: unknown) {
  if (asProblem(error).code === 'auth.sign_in_required') session.end();
}

export const queries = new QueryClient({
  queryCache: new QueryCache({ onError: signedOut }),
  mutationCache: new MutationCache({ onError: signedOut }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, error) => isPassing(error) && count < 2,
      throwOnError: false,
      networkMode: 'always',
    },
    mutations: { retry: false, networkMode: 'always' },
  },
});

// Nothing of a person stays for the next one at this machine. What is asked while it is not known yet who is there, is nobody's.
let before = session.standing;
session.subscribe(() => {
  if (before === 'in' && session.standing === 'out') queries.clear();
  before = session.standing;
});
