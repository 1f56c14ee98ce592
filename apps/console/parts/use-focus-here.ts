import { useEffect, useRef } from 'react';

/** For what takes another's place, and the focus with it: a keyboard goes on here, and a screen reader reads on. */
export function useFocusHere<E extends HTMLElement>() {
  const here = useRef<E>(null);
  useEffect(() => {
    if (!here.current?.contains(document.activeElement)) here.current?.focus({ preventScroll: true });
  }, []);
  return here;
}
