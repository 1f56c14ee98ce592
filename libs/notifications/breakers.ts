import { Injectable } from '@nestjs/common';
import { BrokenCircuitError, circuitBreaker, CircuitState, handleWhen, type CircuitBreakerPolicy, ConsecutiveBreaker } from 'cockatiel';
import { log } from '@app/platform';
import { DeliveryError } from './delivery-error.js';
import { breakerState, countryLabel } from './delivery-metrics.js';

/** Calls in a row that failed by the vendor's fault before it is left alone, and for how long. */
const FAILURES = 5;
const OPEN_MS = 10_000;

/** Throttling is a vendor's way of saying that it is well; a wrong number or password is nobody's outage. */
const WELL = ['throttled', 'concurrent'];
const outage = (error: unknown) =>
  !(error instanceof DeliveryError) || error.kind === 'ambiguous' || (error.kind === 'retryable' && !WELL.includes(error.reason));

/** Kept at once: beyond that, those that are closed are forgotten. */
const MOST = 10_000;

const SHOWN = { [CircuitState.Closed]: 0, [CircuitState.HalfOpen]: 1, [CircuitState.Open]: 2, [CircuitState.Isolated]: 2 };

/**
 * One circuit breaker per company, provider and country, in this process: a vendor that is down for Spain is not asked about Spain. Each
 * company's are its own, for what fails may be its own server, account or recipients.
 */
@Injectable()
export class Breakers {
  private readonly breakers = new Map<string, { tenantId: string; way: string; breaker: CircuitBreakerPolicy }>();
  private readonly openedAt = new Map<string, number>();

  /** `provider/country` of those that the company should not call now, as app.delivery_begin takes them: open, or with a trial under way. */
  open(tenantId: string): string[] {
    return [...this.openedAt.keys()].flatMap((key) => {
      const known = this.breakers.get(key);
      return known?.tenantId === tenantId && this.isShut(key, known.breaker.state) ? [known.way] : [];
    });
  }

  /** Of this process: the worst of a provider's over all countries; undefined where the company never called it from here. */
  stateOf(
    tenantId: string,
    provider: string,
  ): { state: 'closed' | 'open' | 'half_open'; since: Date | null; retryAt: Date | null } | undefined {
    const all = [...this.breakers].filter(([, one]) => one.tenantId === tenantId && one.way.startsWith(`${provider}/`));
    if (all.length === 0) return undefined;
    const shut = all
      .filter(([, { breaker }]) => breaker.state !== CircuitState.Closed)
      .map(([key, { breaker }]) => ({ state: breaker.state, since: this.openedAt.get(key) ?? Date.now() }))
      .toSorted((a, b) => SHOWN[b.state] - SHOWN[a.state] || b.since - a.since)[0];
    if (!shut) return { state: 'closed', since: null, retryAt: null };
    // It turns half open by a call alone: once its time is over, the next one is let through.
    const isWaiting = shut.state === CircuitState.Open && Date.now() < shut.since + OPEN_MS;
    return { state: isWaiting ? 'open' : 'half_open', since: new Date(shut.since), retryAt: new Date(shut.since + OPEN_MS) };
  }

  /** @throws BrokenCircuitError without calling, while open: the one trial that ends it is not waited for, its lease is not ours */
  async execute<T>(tenantId: string, provider: string, country: string | null, call: () => Promise<T>): Promise<T> {
    const breaker = this.of(tenantId, provider, country);
    if (breaker.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
    return breaker.execute(call);
  }

  /** It turns half open by a call alone: once its time is over, one must be let through. */
  private isShut(key: string, state: CircuitState): boolean {
    if (state === CircuitState.HalfOpen) return true;
    return state === CircuitState.Open && Date.now() - (this.openedAt.get(key) ?? 0) < OPEN_MS;
  }

  private of(tenantId: string, provider: string, country: string | null): CircuitBreakerPolicy {
    const way = `${provider}/${country ?? ''}`;
    const key = `${tenantId}/${way}`;
    const known = this.breakers.get(key);
    if (known) return known.breaker;
    if (this.breakers.size >= MOST) this.forget();
    const breaker = circuitBreaker(handleWhen(outage), { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(FAILURES) });
    breaker.onStateChange((state) => {
      // Not named `state`, which is redacted.
      log().warn({ company: tenantId, breaker: way, is: CircuitState[state] }, 'a breaker changed');
      if (state === CircuitState.Open) this.openedAt.set(key, Date.now());
      else if (state === CircuitState.Closed) this.openedAt.delete(key);
      this.show(provider, country, way);
    });
    this.breakers.set(key, { tenantId, way, breaker });
    this.show(provider, country, way);
    return breaker;
  }

  /** The worst of all companies. */
  private show(provider: string, country: string | null, way: string) {
    const states = [...this.openedAt.keys()].map((key) => this.breakers.get(key)).filter((one) => one?.way === way);
    breakerState(provider, countryLabel(country)).set(Math.max(0, ...states.map((one) => SHOWN[one!.breaker.state])));
  }

  private forget() {
    for (const [key, { breaker }] of this.breakers) if (breaker.state === CircuitState.Closed) this.breakers.delete(key);
  }
}
