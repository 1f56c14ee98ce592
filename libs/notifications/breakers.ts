import { Injectable } from '@nestjs/common';
import { BrokenCircuitError, circuitBreaker, CircuitState, handleWhen, type CircuitBreakerPolicy, ConsecutiveBreaker } from 'cockatiel';
import { log } from '@app/platform';
import { DeliveryError } from './delivery-error.js';
import { breakerState, countryLabel } from './delivery-metrics.js';

/** Calls in a row that failed by the vendor's fault before it is left alone, and for how long. */
const FAILURES = 5;
const OPEN_MS = 10_000;

/** Throttling is a vendor's way of saying that it is well; a wrong number or password is nobody's outage. */
const outage = (error: unknown) =>
  !(error instanceof DeliveryError) || error.kind === 'ambiguous' || (error.kind === 'retryable' && error.reason !== 'throttled');

const SHOWN = { [CircuitState.Closed]: 0, [CircuitState.HalfOpen]: 1, [CircuitState.Open]: 2, [CircuitState.Isolated]: 2 };

/** One circuit breaker per provider and country, in this process: a vendor that is down for Spain is not asked about Spain. */
@Injectable()
export class Breakers {
  private readonly breakers = new Map<string, CircuitBreakerPolicy>();
  private readonly openedAt = new Map<string, number>();

  /** `provider/country` of those that nobody should call now, as app.delivery_begin takes them: open, or with a trial under way. */
  open(): string[] {
    return [...this.breakers].filter(([key, { state }]) => this.isShut(key, state)).map(([key]) => key);
  }

  /** @throws BrokenCircuitError without calling, while open: the one trial that ends it is not waited for, its lease is not ours */
  async execute<T>(provider: string, country: string | null, call: () => Promise<T>): Promise<T> {
    const breaker = this.of(provider, country);
    if (breaker.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
    return breaker.execute(call);
  }

  /** It turns half open by a call alone: once its time is over, one must be let through. */
  private isShut(key: string, state: CircuitState): boolean {
    if (state === CircuitState.HalfOpen) return true;
    return state === CircuitState.Open && Date.now() - (this.openedAt.get(key) ?? 0) < OPEN_MS;
  }

  private of(provider: string, country: string | null): CircuitBreakerPolicy {
    const key = `${provider}/${country ?? ''}`;
    const known = this.breakers.get(key);
    if (known) return known;
    const made = circuitBreaker(handleWhen(outage), { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(FAILURES) });
    const gauge = breakerState(provider, countryLabel(country));
    made.onStateChange((state) => {
      // Not named `state`, which is redacted.
      log().warn({ breaker: key, is: CircuitState[state] }, 'a breaker changed');
      gauge.set(SHOWN[state]);
      if (state === CircuitState.Open) this.openedAt.set(key, Date.now());
      else this.openedAt.delete(key);
    });
    gauge.set(SHOWN[made.state]);
    this.breakers.set(key, made);
    return made;
  }
}
