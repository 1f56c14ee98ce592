import { useCallback, useRef, useState } from 'react';
import { answer, api } from '../../api/client.js';
import { unreachable } from '../../api/problem.js';
import { CannotVerify } from '../../audit-chain/keys.js';
import type { Verdict } from '../../audit-chain/verdict.js';
import { verifyExport } from '../../audit-chain/verify-in-worker.js';
import { queries } from '../../queries.js';
import { me } from '../../shell/use-me.js';

type State =
  | { is: 'idle' | 'cancelled' }
  | { is: 'running'; events: number; bytes: number }
  | { is: 'done'; verdict: Verdict; seconds: number }
  | { is: 'cannot'; why: CannotVerify['why'] }
  | { is: 'failed'; error: unknown };

/** Verifies the company's chain as the server exports it now, or a file that was kept. */
export function useChainVerification() {
  const [state, setState] = useState<State>({ is: 'idle' });
  const running = useRef<AbortController>(undefined);

  const cancel = useCallback(() => running.current?.abort(), []);
  const verify = useCallback(async (kept?: File) => {
    running.current?.abort();
    const run = (running.current = new AbortController());
    // What an older run still has to say is nothing any more.
    const say = (next: State) => running.current === run && setState(next);
    say({ is: 'running', events: 0, bytes: 0 });
    const begun = performance.now();
    try {
      const [{ company_id }, jwks, stream] = await Promise.all([
        queries.ensureQueryData(me),
        answer(api.GET('/.well-known/jwks.json', { signal: run.signal })),
        kept ? kept.stream() : answer(api.GET('/api/audit/export', { parseAs: 'stream', signal: run.signal })),
      ]);
      if (!stream) throw unreachable();
      const progress = (so: { events: number; bytes: number }) => say({ is: 'running', ...so });
      const verdict = await verifyExport(stream, jwks, { companyId: company_id, progress, signal: run.signal });
      say({ is: 'done', verdict, seconds: (performance.now() - begun) / 1000 });
    } catch (error) {
      if (run.signal.aborted) say({ is: 'cancelled' });
      else if (error instanceof CannotVerify) say({ is: 'cannot', why: error.why });
      else say({ is: 'failed', error: error instanceof TypeError ? unreachable() : error });
    }
  }, []);
  return { state, verify, cancel };
}
