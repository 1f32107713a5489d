import { readFileSync, writeFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
import type { Json, Plan } from '../../dsl/plan/types.ts';
import { features, score, trainDelay } from './design-example.ts';
import { child, everything } from './everything.ts';
import { planOf } from './draft.ts';

const here = import.meta.dirname;
const examples = { features, train: trainDelay, score, everything, child };
const schema = JSON.parse(readFileSync(join(here, '../../docs/plan.schema.json'), 'utf8')) as object;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, strictTuples: false, allErrors: true }).compile(schema);
const hashed = (plan: Plan): string => canonicalJson({ ...plan, places: {} } as unknown as Json);

/** Compares with the stored plan; HEDDLE_GOLDEN=write makes a new one, to be read in the diff. */
function golden(name: string, plan: Plan): string {
  const file = join(here, 'golden', `${name}.plan.json`);
  const text = `${JSON.stringify(plan, null, 1)}\n`;
  if (process.env['HEDDLE_GOLDEN'] === 'write') writeFileSync(file, text);
  return existsSync(file) ? readFileSync(file, 'utf8') : 'no golden plan';
}

describe('a plan', () => {
  for (const [name, of] of Object.entries(examples)) {
    it(`of ${name} is the golden one, byte by byte`, () => {
      const plan = planOf(of);
      expect(`${JSON.stringify(plan, null, 1)}\n`).toBe(golden(name, plan));
    });
    it(`of ${name} fits the published schema`, () => {
      validate(JSON.parse(JSON.stringify(planOf(of))));
      expect(validate.errors).toBeNull();
    });
  }
  it('is refused by the schema when a part is missing, unknown or of another type', () => {
    const plan = JSON.parse(JSON.stringify(planOf(everything))) as { skeleton: { body: { nodes: Record<string, unknown>[] } } };
    for (const broken of [
      { ...plan, places: undefined },
      { ...plan, more: 1 },
      { ...plan, format: 2 },
    ])
      expect(validate(JSON.parse(JSON.stringify(broken)))).toBe(false);
    for (const node of plan.skeleton.body.nodes) {
      for (const change of [{ kind: 'other' }, { id: 'a b' }, { extra: 1 }]) {
        const nodes = plan.skeleton.body.nodes.map((other) => (other === node ? { ...node, ...change } : other));
        expect(validate({ ...plan, skeleton: { ...plan.skeleton, body: { ...plan.skeleton.body, nodes } } })).toBe(false);
      }
    }
  });
  it('is the same each time it is built', () => {
    expect(hashed(planOf(trainDelay))).toBe(hashed(planOf(trainDelay)));
  });
  it('is plain JSON', () => {
    for (const of of Object.values(examples)) expect(JSON.parse(JSON.stringify(planOf(of)))).toEqual(planOf(of));
  });
});

describe('places', () => {
  it('are lines and columns of the source, relative to the root, for each step', () => {
    const { places } = planOf(trainDelay);
    const lines = readFileSync(join(here, 'design-example.ts'), 'utf8').split('\n');
    for (const [path, place] of Object.entries(places)) {
      const [file, line, column] = place.split(':');
      expect(file).toBe('design-example.ts');
      const rest = (lines[Number(line) - 1] as string).slice(Number(column) - 1);
      const last = path.split('/').at(-1) as string;
      const call = last.startsWith('map:') ? 'map(' : last.startsWith('when:') ? 'when(' : last.startsWith('wait:') ? 'waitFor(' : '';
      expect(rest.startsWith(call), `${path}: ${rest}`).toBe(true);
    }
    expect(Object.keys(places)).toContain('when:flights.register/when:flights.promote/flights.score');
  });
});

describe('what is hashed', () => {
  it('does not change with formatting, file name, folder, time zone or the order of imports', () => {
    // below the repository, so that 'heddle' is found; not in test/, where a compiler may look meanwhile
    mkdirSync(join(here, '../../.heddle'), { recursive: true });
    const folder = mkdtempSync(join(here, '../../.heddle/plan-'));
    try {
      const source = readFileSync(join(here, 'design-example.ts'), 'utf8').replaceAll(/ \/\/ .*$/gm, '');
      writeFileSync(
        join(folder, 'z-other-name.ts'),
        `\n\n// moved\n${source
          .replaceAll(/^( *)const (\w+) +=/gm, '$1const $2 =')
          .replaceAll(', ', ',\n  ')
          .replace(/import \{([^}]*)\} from/, (_, names: string) => `import {${names.split(',').reverse().join(',')}} from`)}`,
      );
      const script = `import '../../test/dsl/everything.ts'; import { trainDelay } from './z-other-name.ts'; import { planOf } from '../../test/dsl/draft.ts'; import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
        const plan = planOf(trainDelay); process.stdout.write(canonicalJson({ ...plan, places: {} }) + '\\n' + Object.values(plan.places)[0]);`;
      writeFileSync(join(folder, 'main.ts'), script);
      const [text, place] = execFileSync(process.execPath, ['--conditions=heddle-source', join(folder, 'main.ts')], {
        env: { TZ: 'Pacific/Apia', PATH: '' },
        cwd: '/',
        encoding: 'utf8',
      }).split('\n');
      expect(place).toContain('z-other-name.ts');
      expect(text).toBe(hashed(planOf(trainDelay)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it('changes with what a step is given', () => {
    expect(hashed(planOf(features))).not.toBe(hashed(planOf(trainDelay)));
  });
});
