/** Columns -> rows of a feature matrix, and which rows are out of the model's range: formulas run on dictionaries. Scoring threads. */
import { numbersOf, type CodedColumn, type Values } from '../columns/coded-column.ts';
import type { Formula, Formulas } from '../formulas.ts';
import { boundsOf, type ModelSchema } from '../model-schema.ts';
import { momentsOf, type Moments } from '../moments.ts';

/** A formula's answers for a dictionary. */
interface Table {
  readonly answers: Float32Array;
  /** 1: out of range; null: none is. */
  readonly bad: Uint8Array | null;
}

export class Gatherer {
  readonly low: Float64Array;
  readonly high: Float64Array;
  private readonly formulas: Formulas;
  private readonly impute: readonly (number | null)[];
  private readonly tables: WeakMap<object, Table>[];

  /** `formulas`: one a feature of the schema, in its order. */
  constructor(formulas: Formulas, schema: ModelSchema) {
    this.formulas = formulas;
    ({ low: this.low, high: this.high } = boundsOf(schema));
    this.impute = formulas.map(({ feature }) => schema.impute?.[feature] ?? null);
    this.tables = formulas.map(() => new WeakMap());
  }

  /** Fills x (rows x features) and `bad`: for each row the first feature that is out of range, or -1. True: there is such a row. */
  fill(columns: ReadonlyMap<string, CodedColumn>, rows: number, x: Float32Array, bad: Int16Array): boolean {
    bad.fill(-1, 0, rows);
    let any = false;
    for (const [f, formula] of this.formulas.entries()) {
      const column = columns.get(formula.column);
      if (!column) throw new Error(`no column ${formula.column}`);
      if (this.fillFeature(f, formula, column, rows, x, bad)) any = true;
    }
    return any;
  }

  /** Figures of the features of rows that were just filled in, one a feature. */
  moments(columns: ReadonlyMap<string, CodedColumn>, rows: number, x: Float32Array): Moments[] {
    return this.formulas.map(({ column }, f) => momentsOf(x, this.formulas.length, f, rows, columns.get(column)?.valid ?? null));
  }

  private fillFeature(f: number, formula: Formula, { codes, values, valid }: CodedColumn, rows: number, x: Float32Array, bad: Int16Array): boolean {
    const width = this.formulas.length;
    const table = codes ? this.tableOf(f, formula, values) : this.answer(f, formula, values);
    const { answers } = table;
    for (let i = 0, to = f; i < rows; i++, to += width) x[to] = answers[codes ? codes[i]! : i]!;
    let any = false;
    if (table.bad) {
      for (let i = 0; i < rows; i++) {
        if (!table.bad[codes ? codes[i]! : i] || (valid && !valid[i])) continue;
        any = true;
        if (bad[i]! < 0) bad[i] = f;
      }
    }
    if (!valid) return any;
    const instead = this.impute[f] ?? null;
    for (let i = 0; i < rows; i++) {
      if (valid[i]) continue;
      x[i * width + f] = instead ?? Number.NaN;
      if (instead !== null) continue;
      any = true;
      if (bad[i]! < 0) bad[i] = f;
    }
    return any;
  }

  private tableOf(f: number, formula: Formula, dictionary: Values): Table {
    const known = this.tables[f]?.get(dictionary);
    if (known) return known;
    const made = this.answer(f, formula, dictionary);
    this.tables[f]?.set(dictionary, made);
    return made;
  }
  private answer(f: number, { of }: Formula, values: Values): Table {
    const given = numbersOf(values) ?? (values as readonly string[]); // what is not numbers is texts
    const low = this.low[f]!;
    const high = this.high[f]!;
    const answers = new Float32Array(values.length);
    let bad: Uint8Array | null = null;
    for (let i = 0; i < answers.length; i++) {
      answers[i] = of(given[i]!);
      const answer = answers[i]!;
      if (answer >= low && answer <= high) continue; // what is not a number fails both
      bad ??= new Uint8Array(answers.length);
      bad[i] = 1;
    }
    return { answers, bad };
  }
}
