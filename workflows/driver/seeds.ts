/** Results from before, as the core asks for them: from a carry, from the catalog, or both. Sandbox. */
import type { Json } from '../../dsl/plan/types.ts';
import type { Settled } from '../scheduler/messages.ts';
import { settledIn, type Carry } from './carry.ts';
import { controlCall } from './control-call.ts';

export class Seeds {
  private readonly settled: Map<string, Settled>;
  /** Steps that were taken over: they are in the record. */
  readonly used = new Set<string>();

  constructor(carry: Carry | null) {
    this.settled = carry ? new Map(settledIn(carry)) : new Map();
  }

  /** One that is refused does not count as taken over: the step runs again, and is recorded. */
  get(step: string, accepts: (seed: Settled) => boolean = () => true): Settled | undefined {
    const seed = this.settled.get(step);
    if (!seed || !accepts(seed)) return undefined;
    this.used.add(step);
    return seed;
  }

  /** All of them: the core may not have come to some yet. */
  get all(): ReadonlyMap<string, Settled> {
    return this.settled;
  }

  /** Finished steps of the tries before. What maps, branches and loops gave is not kept: they are put together again. */
  async load(project: string, runId: string): Promise<void> {
    for (let cursor: number | null = 0; cursor !== null;) {
      const { done, next }: { done: Record<string, Json>; next: number | null } = await controlCall(project, 'heddle.load_done', { runId, cursor });
      for (const [step, output] of Object.entries(done)) if (!this.settled.has(step)) this.settled.set(step, { status: 'done', output });
      cursor = next;
    }
  }
}

/** Results of a chunk, one a map: a newer plan may have put more or fewer maps behind each other, and then the chunk runs again. */
export const ofMaps = (settled: Settled, maps: number): boolean => settled.status === 'done' && Array.isArray(settled.output) && settled.output.length === maps;

/** A chunk with failed items runs again in a retry. */
export const allDone = (settled: Settled): boolean =>
  settled.status === 'done' &&
  Array.isArray(settled.output) &&
  settled.output.every((result) => typeof result === 'object' && result !== null && 'failed' in result && result['failed'] === 0);
