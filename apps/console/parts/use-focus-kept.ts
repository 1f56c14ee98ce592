import { useEffect, useRef } from 'react';

/** Longer than a dialog takes to give the focus back. */
const SOON_MS = 60;

/** For the button of what may go with its deed: the focus stays near, at the heading of the section or else of the page. */
export function useFocusKept<E extends HTMLElement>() {
  const button = useRef<E>(null);
  useEffect(() => {
    const section = button.current?.closest('section');
    return () => {
      setTimeout(() => {
        if (document.activeElement !== document.body) return;
        const heading = (section?.isConnected && section.querySelector('h2')) || document.querySelector('h1');
        heading?.setAttribute('tabindex', '-1');
        heading?.focus({ preventScroll: true });
      }, SOON_MS);
    };
  }, []);
  return button;
}
