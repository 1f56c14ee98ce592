const MARK = 'watchword-going-out';
let begun: boolean | undefined;

/**
 * That this tab went to an identity provider from our own page. Without it, a page elsewhere began: somebody could be signed in, unawares,
 * as whom that page wants (login CSRF).
 */
export const goingOut = {
  begin: () => sessionStorage.setItem(MARK, '1'),
  /** Good for the page that was loaded on the way back, and for no other: React may render it more than once before it shows it. */
  wasBegunHere(): boolean {
    begun ??= sessionStorage.getItem(MARK) !== null;
    sessionStorage.removeItem(MARK);
    return begun;
  },
};
