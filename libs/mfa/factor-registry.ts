import type { Answer, Factor } from './factor.js';
import { MfaError } from './mfa.errors.js';

export class FactorRegistry {
  private readonly factors: Map<string, Factor>;

  constructor(factors: Factor[]) {
    this.factors = new Map(factors.map((factor) => [factor.type, factor]));
  }

  find = (type: string): Factor | undefined => this.factors.get(type);

  /** @throws mfa.unknown_factor */
  get(type: string): Factor {
    const factor = this.factors.get(type);
    if (!factor) throw MfaError.unknownFactor({ errors: [{ field: 'type', message: `must be one of ${this.startable.join(', ')}` }] });
    return factor;
  }

  /** Which types this answer could belong to. */
  typesFor(answer: Answer): string[] {
    return this.those((factor) => takes(factor, answer));
  }

  /** Which of them answer to our own pages alone. */
  get phishingResistant(): string[] {
    return this.those((factor) => factor.isPhishingResistant);
  }

  /** The one that signs what its holder, whoever it is, is asked. */
  get signing(): Factor & Required<Pick<Factor, 'signs'>> {
    return [...this.factors.values()].find((factor) => factor.signs) as Factor & Required<Pick<Factor, 'signs'>>;
  }

  get startable(): string[] {
    return this.those(({ standsAlone }) => standsAlone);
  }

  private those(are: (factor: Factor) => boolean): string[] {
    return [...this.factors.values()].filter(are).map(({ type }) => type);
  }
}

/** What was signed is for those that sign, and text for the others. */
export const takes = (factor: Factor, answer: Answer): boolean =>
  (factor.signs !== undefined) === (typeof answer === 'object') && factor.accepts(answer);
