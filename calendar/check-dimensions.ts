/** Whether dimensions of time can be: a start that is a day, a time zone that there is. `heddle check`; never in the sandbox. */
import { isHeddleError } from '../dsl/errors/heddle-error.ts';
import type { Contracts } from '../dsl/plan/types.ts';
import { isGrain, startOf } from './time-grain.ts';

/** A sentence for each dimension of the plan's partitions and datasets that cannot be. */
export function checkDimensions({ partitions, datasets }: Pick<Contracts, 'partitions' | 'datasets'>): string[] {
  const owners = [
    ['the pipeline', partitions ?? {}] as const,
    ...Object.values(datasets).map((dataset) => [`dataset ${dataset.name}`, dataset.partitions] as const),
  ];
  return owners.flatMap(([owner, dimensions]) =>
    Object.entries(dimensions).flatMap(([name, def]) => {
      if (!isGrain(def.kind)) return [];
      try {
        startOf(def);
        return [];
      } catch (error) {
        if (!isHeddleError(error)) throw error;
        return [`The dimension ${name} of ${owner} cannot be: ${error.what}`];
      }
    }),
  );
}
