/** Wakes whoever waits; what has rung meanwhile counts too. */
export interface Bell {
  ring(): void;
  /** Resolves once it has rung since the last time that this was asked. */
  hasRung(): Promise<void>;
}

export function createBell(): Bell {
  let ring: (() => void) | undefined;
  const hang = (): Promise<void> =>
    new Promise((resolve) => {
      ring = resolve;
    });
  let rung = hang();
  return {
    ring: () => ring?.(),
    hasRung: async () => {
      await rung;
      rung = hang();
    },
  };
}
