import { queryOptions, useQuery } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../api/client.js';

export const ME = ['me'] as const;
export const me = queryOptions({ queryKey: ME, queryFn: () => answer(api.GET('/api/users/me')), staleTime: 60_000 });

/** Who is signed in. */
export const useMe = () => useQuery(me);

const RANK = { user: 0, manager: 1, admin: 2 } as const;
export type Role = Schemas['User']['role'];
/** Who is not known yet, or may not be told yet, may at least see to their own account. */
export const mayAct = (role: Role | undefined, least: Role) => RANK[role ?? 'user'] >= RANK[least];
