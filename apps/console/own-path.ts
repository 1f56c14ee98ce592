/** Only a path of this console: nobody is sent elsewhere after signing in. */
export const ownPath = (path: unknown): string | undefined => (typeof path === 'string' && /^\/(?![/\\])/.test(path) ? path : undefined);
