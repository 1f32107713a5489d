/** Gathers the values of an option that may be given more than once, for commander. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];
