/** How much longer the compiler takes for a 500-step pipeline file than for an empty one: whole processes, in pairs. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './statistics.ts';
import { caseOf, type BenchCase } from './report.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export async function typecheck(): Promise<BenchCase[]> {
  const folder = join(root, '.heddle', 'typecheck');
  mkdirSync(folder, { recursive: true });
  try {
    const pairs = Number(process.env['BENCH_PAIRS'] ?? 10);
    write(folder, 'empty', "import { z } from 'heddle';\nexport const nothing = z.null();\n");
    write(folder, 'steps', stepsFile(500));
    const heddle: number[] = [];
    const baseline: number[] = [];
    for (const name of ['empty', 'steps']) timed(folder, name);
    for (let i = 0; i < pairs; i++) {
      for (const name of i % 2 === 0 ? ['steps', 'empty'] : ['empty', 'steps']) (name === 'steps' ? heddle : baseline).push(timed(folder, name));
    }
    const more = median(heddle.map((ms, i) => ms - (baseline[i] ?? 0)));
    return [caseOf('typecheck-500-steps', 'ms', heddle, baseline, null, `median difference ${more.toFixed(0)} ms; the aim is at most 1,000 ms`)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function stepsFile(count: number): string {
  const lines = [
    "import { pipeline, task, z } from 'heddle';",
    "const step = task({ name: 'bench.step', version: '1', input: z.object({ x: z.int(), note: z.string().nullable() }), output: z.object({ x: z.int(), note: z.string() }) });",
    "export const steps = pipeline({ name: 'bench.steps' }, () => {",
    "  const s0 = step({ x: 0, note: null }, { id: 's0' });",
  ];
  for (let i = 1; i < count; i++) lines.push(`  const s${i} = step({ x: s${i - 1}.x, note: s${i >> 1 === i ? 0 : i >> 1}.note }, { id: 's${i}' });`);
  return [...lines, `  return { x: s${count - 1}.x };`, '});', ''].join('\n');
}

function write(folder: string, name: string, source: string): void {
  writeFileSync(join(folder, `${name}.ts`), source);
  const options = {
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      moduleResolution: 'nodenext',
      strict: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      customConditions: ['heddle-source'],
      lib: ['es2023'],
      types: [],
    },
    files: [`${name}.ts`],
  };
  writeFileSync(join(folder, `tsconfig.${name}.json`), JSON.stringify(options));
}

function timed(folder: string, name: string): number {
  const started = performance.now();
  const done = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(folder, `tsconfig.${name}.json`)], {
    cwd: root,
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(done.stdout);
  return performance.now() - started;
}
