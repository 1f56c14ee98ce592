/** Keys of queries: what an action on a person makes out of date. */
export const PEOPLE = ['people'] as const;
export const INVITATIONS = ['invitations'] as const;
export const personKey = (id: string) => ['person', id] as const;
