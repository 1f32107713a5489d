/**
 * Features as formulas of single columns: a scoring thread runs a formula once for each distinct value of a dictionary and
 * gathers by number. A module exports a Formulas; main thread and scoring threads import it, so it must be free of state.
 */
import { HeddleError } from '../../dsl/errors/heddle-error.ts';

export interface Formula {
  /** Name of the feature: the model's schema has it. */
  readonly feature: string;
  readonly column: string;
  /** Of a number (int64 and timestamps as doubles) or a text, never of a null. NaN: the row cannot be scored. */
  of(this: void, value: number | string): number;
}
/** In the order of the model's input. */
export type Formulas = readonly Formula[];

/** Where threads find a Formulas. */
export interface FormulasAt {
  /** new URL('./my-formulas.ts', import.meta.url).href */
  readonly module: string;
  readonly name: string;
}

/** null: the features are columns as they are. Throws HDL-MODEL-INPUT for others than the model takes. */
export async function loadFormulas(at: FormulasAt | null, features: readonly string[]): Promise<Formulas> {
  if (!at) return features.map((feature) => ({ feature, column: feature, of: Number }));
  const where = `${at.module}, ${at.name}`;
  const found = ((await import(at.module)) as Readonly<Record<string, unknown>>)[at.name];
  if (!Array.isArray(found)) throw new HeddleError('HDL-MODEL-INPUT', { what: `The module exports no list of formulas as ${at.name}.`, where });
  const formulas = found as Formulas; // what else it is shows at the first row
  const given = formulas.map(({ feature }) => feature);
  if (given.join() === features.join()) return formulas;
  throw new HeddleError('HDL-MODEL-INPUT', { what: `The model takes ${features.join(', ')}, and the formulas give ${given.join(', ')}.`, where });
}
