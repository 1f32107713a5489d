/** The handles of slices and models in a value: what a step was given to read, for the lineage. Pure. */
import type { AttemptMeta } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';

type Read = NonNullable<AttemptMeta['reads']>[number];

/** Each once, in the order of their appearance; at most 100. */
export function handlesIn(value: Json): Read[] {
  const found = new Map<string, Read>();
  const look = (part: Json): void => {
    if (typeof part !== 'object' || part === null || found.size >= 100) return;
    if (Array.isArray(part)) {
      for (const item of part) look(item as Json);
      return;
    }
    const { kind, dataset, name, version, digest } = part as { readonly [key: string]: Json };
    if (kind === 'slice' && typeof dataset === 'string' && typeof digest === 'string') found.set(digest, { kind, name: dataset, digest });
    else if (kind === 'model' && typeof name === 'string' && typeof version === 'string' && typeof digest === 'string')
      found.set(`${name}@${version}`, { kind, name, version, digest });
    else for (const inner of Object.values(part)) look(inner as Json);
  };
  look(value);
  return [...found.values()];
}
