import type { Factor } from './factor.js';
import { MfaError } from './mfa.errors.js';

export class FactorRegistry {
  private readonly factors: Map<string, Factor>;

  constructor(factors: Factor[]) {
    this.factors = new Map(factors.map((factor) => [factor.type, factor]));
  }

  /** @throws mfa.unknown_factor */
  get(type: string): Factor {
    const factor = this.factors.get(type);
    if (!factor) throw MfaError.unknownFactor({ errors: [{ field: 'type', message: `must be one of ${this.startable.join(', ')}` }] });
    return factor;
  }

  /** Which types this answer could belong to. */
  typesFor(answer: string): string[] {
    return [...this.factors.values()].filter((factor) => factor.accepts(answer)).map(({ type }) => type);
  }

  get startable(): string[] {
    return [...this.factors.values()].filter(({ standsAlone }) => standsAlone).map(({ type }) => type);
  }
}
