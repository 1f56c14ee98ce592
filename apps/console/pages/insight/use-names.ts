import { useQueries, useQuery } from '@tanstack/react-query';
import { answer, api } from '../../api/client.js';
import { personKey } from '../people/keys.js';

const A_WHILE_MS = 60_000;

/** What people are called whose ids stand in a list; nothing of those who are gone. A small company comes at once, of a large one who is met. */
export function useNames(ids: (string | null)[]): (id: string | null | undefined) => string | undefined {
  const first = useQuery({
    queryKey: ['names'],
    queryFn: () => answer(api.GET('/api/users', { params: { query: { limit: 100 } } })),
    staleTime: A_WHILE_MS,
  });
  const names = new Map(first.data?.data.map(({ id, full_name }) => [id, full_name]));
  const others = first.data?.next_cursor ? [...new Set(ids)].filter((id): id is string => id !== null && !names.has(id)) : [];
  const met = useQueries({
    queries: others.map((id) => ({
      queryKey: personKey(id),
      queryFn: () => answer(api.GET('/api/users/{id}', { params: { path: { id } } })),
      staleTime: A_WHILE_MS,
    })),
  });
  for (const { data } of met) if (data) names.set(data.id, data.full_name);
  return (id) => (id ? names.get(id) : undefined);
}
