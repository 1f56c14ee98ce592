import type { Schemas } from '../../api/client.js';
import { session } from '../../api/session.js';

type Tokens = Schemas['TokenResponse'];

/** A sign-in whose first step is done. It lives as long as this page: who reloads begins again. */
export interface Pending {
  token: string;
  /** Until when it may be answered, in ms. */
  until: number;
  factors: NonNullable<Tokens['factors']>;
  /** Policy demands a factor, and none that it takes is set up. */
  setUp: boolean;
  /** Kinds of factor that satisfy it. */
  types: string[] | null;
  nextStep: Tokens['next_step'];
  rememberDays: number;
}

let pending: Pending | undefined;
const listeners = new Set<() => void>();

export const flow = {
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  snapshot: () => pending,

  /** Takes the answer of a step, and says where to go on. */
  take(tokens: Tokens): '/' | '/sign-in/second-factor' | '/sign-in/set-up' {
    if (!tokens.mfa_required) {
      session.accept(tokens);
      return '/';
    }
    change({
      token: tokens.mfa_token!,
      until: Date.now() + tokens.expires_in * 1000,
      factors: tokens.factors ?? [],
      setUp: tokens.enrollment_required ?? false,
      types: tokens.enrollment_types ?? null,
      nextStep: tokens.next_step,
      rememberDays: tokens.remember_device_days ?? 0,
    });
    return tokens.enrollment_required ? '/sign-in/set-up' : '/sign-in/second-factor';
  },

  end: () => change(undefined),
};

function change(to: Pending | undefined) {
  pending = to;
  for (const listener of listeners) listener();
}
