import { useNavigate } from '@tanstack/react-router';
import { useEffect, useSyncExternalStore } from 'react';
import { session } from '../api/session.js';

/** Shows the door to whoever is signed out meanwhile, here or in another tab. */
export function useStanding() {
  const standing = useSyncExternalStore(session.subscribe, session.snapshot);
  const navigate = useNavigate();
  useEffect(() => {
    if (standing === 'out') void navigate({ to: '/sign-in' });
  }, [standing, navigate]);
}
