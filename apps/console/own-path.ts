/** Only a path of this console, as the browser reads it: nobody is sent elsewhere after signing in. */
export function ownPath(path: unknown): string | undefined {
  if (typeof path !== 'string' || !path.startsWith('/') || /[\p{Cc}\\]|%0[9ad]|%5c/iu.test(path)) return undefined;
  const { origin, pathname, search, hash } = new URL(path, window.location.origin);
  if (origin !== window.location.origin || pathname.startsWith('//')) return undefined;
  return pathname + search + hash;
}
