import { useInfiniteQuery } from '@tanstack/react-query';

/** A list with a cursor, page after page; `data` is all that has come so far. */
export function usePages<T>(
  key: readonly unknown[],
  page: (cursor: string | undefined) => Promise<{ data: T[]; next_cursor: string | null }>,
  options: { refetchInterval?: number | false } = {},
) {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap(({ data }) => data),
    ...options,
  });
}
