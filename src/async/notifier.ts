/** Wakes the one that waits; a call of `notify` before the wait counts too. */
export class Notifier {
  #notify: () => void = () => undefined;
  #notified: Promise<void>;

  constructor() {
    this.#notified = this.#arm();
  }

  notify(): void {
    this.#notify();
  }

  /** Resolves once there was a `notify` since the last wait. */
  async wait(): Promise<void> {
    await this.#notified;
    this.#notified = this.#arm();
  }

  #arm(): Promise<void> {
    return new Promise((resolve) => {
      this.#notify = resolve;
    });
  }
}
