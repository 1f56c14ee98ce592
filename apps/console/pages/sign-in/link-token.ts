let taken: { path: string; token: string } | undefined;

/** The token of a mail's link. It stands behind `#`, so that no server sees it, and leaves the address at once, so that no history keeps it. */
export function useLinkToken(): string | undefined {
  const { hash, pathname } = window.location;
  const token = new URLSearchParams(hash.slice(1)).get('token');
  if (token) {
    taken = { path: pathname, token };
    window.history.replaceState(window.history.state, '', pathname);
  }
  return taken?.path === pathname ? taken.token : undefined;
}
