/** What every benchmark prints and writes: arrays in pairs, the ratio with its interval, the machine and the versions. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';
import { bootstrapInterval, median } from './statistics.ts';

export interface BenchCase {
  readonly case: string;
  readonly unit: string;
  readonly heddle: readonly number[];
  readonly baseline: readonly number[];
  readonly ratio: number;
  readonly interval: readonly [number, number];
  readonly target: number | null;
  /** Which ratio is better: of times a lower one, of rates a higher one. */
  readonly better: 'lower' | 'higher';
  readonly note?: string;
}
export interface BenchReport {
  readonly name: string;
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number; readonly load: readonly number[] };
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly BenchCase[];
}

export function caseOf(
  name: string,
  unit: string,
  heddle: readonly number[],
  baseline: readonly number[],
  target: number | null,
  note?: string,
  better: BenchCase['better'] = 'lower',
): BenchCase {
  const ratios = heddle.map((value, i) => value / (baseline[i] as number));
  return {
    case: name,
    unit,
    heddle,
    baseline,
    ratio: median(ratios),
    interval: ratios.length > 1 ? bootstrapInterval(ratios) : [ratios[0] as number, ratios[0] as number],
    target,
    better,
    ...(note !== undefined && { note }),
  };
}

export function report(name: string, cases: readonly BenchCase[]): BenchReport {
  const require = createRequire(import.meta.url);
  const version = (of: string): string => (require(`${of}/package.json`) as { version: string }).version;
  return {
    name,
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      load: loadavg().map((value) => Math.round(value * 100) / 100),
    },
    versions: { node: process.versions.node, temporalSdk: version('@temporalio/worker'), typescript: version('typescript') },
    cases,
  };
}

export function print(done: BenchReport, file: string | null): void {
  for (const one of done.cases) {
    const wide = one.interval[1] - one.interval[0] > 0.1;
    const higher = one.better === 'higher';
    const worst = one.interval[higher ? 0 : 1];
    const holds = (ratio: number): boolean => one.target === null || (higher ? ratio >= one.target : ratio <= one.target);
    const verdict = one.target === null ? 'reported' : wide && !holds(worst) ? 'inconclusive: run more' : holds(one.ratio) ? 'met' : 'MISSED';
    process.stderr.write(
      `${one.case}: ratio ${one.ratio.toFixed(3)} [${one.interval.map((value) => value.toFixed(3)).join(', ')}]${one.target === null ? '' : ` target ${one.target}`} ${verdict}; ` +
        `heddle ${median(one.heddle).toFixed(1)}, baseline ${median(one.baseline).toFixed(1)} ${one.unit}, n=${one.heddle.length}\n`,
    );
  }
  if (file) writeFileSync(file, `${JSON.stringify(done, null, 1)}\n`);
  else process.stdout.write(`${JSON.stringify(done)}\n`);
}
