/** Waits for a condition with a deadline; an error of the probe counts as "not yet", since what it asks may be down. */
export async function until<T>(what: string, probe: () => Promise<T | null | undefined | false> | T | null | undefined | false, limitMs = 120_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  let last: unknown = 'never true';
  for (;;) {
    try {
      const found = await probe();
      if (found) return found;
      last = 'not true';
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s (${last instanceof Error ? last.message : String(last)})`);
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}
