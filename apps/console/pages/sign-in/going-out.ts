const MARK = 'watchword-going-out';

/**
 * That this tab went to an identity provider from our own page. Without it, a page elsewhere began: somebody could be signed in, unawares,
 * as whom that page wants (login CSRF).
 */
export const goingOut = {
  begin: () => sessionStorage.setItem(MARK, '1'),
  /** Once. */
  wasBegunHere(): boolean {
    const begun = sessionStorage.getItem(MARK) !== null;
    sessionStorage.removeItem(MARK);
    return begun;
  },
};
