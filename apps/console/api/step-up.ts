/** A question that some answer of the API raised and that one dialog, wherever the reader is, puts to them: prove again who you are. */
class StepUp {
  private asked: { promise: Promise<boolean>; settle: (proved: boolean) => void } | undefined;
  private readonly listeners = new Set<() => void>();

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  isAsked = () => this.asked !== undefined;

  /** Whether they did. Requests that ask at once share one dialog. */
  ask(): Promise<boolean> {
    if (!this.asked) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      this.asked = { promise, settle: resolve };
      this.tell();
    }
    return this.asked.promise;
  }

  settle(proved: boolean) {
    this.asked?.settle(proved);
    this.asked = undefined;
    this.tell();
  }

  private tell() {
    for (const listener of this.listeners) listener();
  }
}

export const stepUp = new StepUp();
