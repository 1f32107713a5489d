/** Formulas that scoring threads import in tests. */
import type { Formulas } from '../../activities/scoring/formulas.ts';

/** 'a' is a number, 'b' the length of a text. */
export const plain: Formulas = [
  { feature: 'a', column: 'a', of: Number },
  { feature: 'b', column: 'text', of: (text) => String(text).length },
];

let kept: number[][] = [];
/** Keeps much for each row of a batch, so that a large batch does not fit into a thread's heap: what authors' code may do. */
export const hoarding: Formulas = [
  {
    feature: 'a',
    column: 'row',
    of(row) {
      if (kept.length === 0)
        queueMicrotask(() => {
          kept = []; // the batch is done
        });
      kept.push(Array.from({ length: 700 }, () => Math.random()));
      return Number(row);
    },
  },
];
let asked = 0;
/** Asks once for more memory than there is, then works. */
export const greedyOnce: Formulas = [
  {
    feature: 'a',
    column: 'row',
    of: (row) => (asked++ === 0 ? new ArrayBuffer(2 ** 50).byteLength : Number(row)),
  },
];
export const greedyAlways: Formulas = [{ feature: 'a', column: 'row', of: () => new ArrayBuffer(2 ** 50).byteLength }];
export const notFormulas = 7;
