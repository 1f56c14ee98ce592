import { lazy, Suspense, useSyncExternalStore } from 'react';
import { stepUp } from '../api/step-up.js';

const Dialog = lazy(() => import('./step-up-dialog.js').then(({ StepUpDialog }) => ({ default: StepUpDialog })));

/** The dialog for a fresh proof, fetched when some route first wants one. */
export function StepUp() {
  const asked = useSyncExternalStore(stepUp.subscribe, stepUp.isAsked);
  return <Suspense>{asked && <Dialog />}</Suspense>;
}
