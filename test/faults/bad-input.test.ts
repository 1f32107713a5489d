/**
 * Bad input and broken surroundings through the command line: exit code, code, and nothing started. What test/cli, test/api
 * and test/server prove in process or without a server is not repeated here.
 */
import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Page, RunSummary } from '../../dsl/contract/api.ts';
import type { Plan } from '../../dsl/plan/types.ts';
import { heddleAsync, hello, project, type Ended } from '../cli/heddle.ts';
import { config, startSystem, type System } from '../chaos/system.ts';

let system: System;
const undo: (() => void)[] = [];
beforeAll(async () => {
  system = await startSystem({ files: { 'pipelines/hello.ts': hello }, worker: false });
}, 300_000);
afterEach(() => {
  for (const step of undo.splice(0)) step();
});
afterAll(() => system?.stop());
vi.setConfig({ testTimeout: 120_000 });

interface Refused {
  readonly exit: number | null;
  readonly code: string;
  readonly what: string;
  readonly where: string | null;
}
function refused({ code, stdout, stderr }: Ended): Refused {
  try {
    const { error } = JSON.parse(stdout) as { error: Omit<Refused, 'exit'> };
    return { ...error, exit: code };
  } catch (error) {
    throw new Error(`no JSON error (exit ${code}):\n${stdout}\n${stderr}`, { cause: error });
  }
}
const runsOf = async (): Promise<readonly RunSummary[]> => (await system.call<Page<RunSummary>>('GET', '/runs'))?.body.items ?? [];

/** A project of its own, so that what is wrong with it harms no other case. */
function other(files: Record<string, string>): { readonly folder: string; heddle(args: string[], env?: Record<string, string>): Promise<Ended> } {
  const made = project({ 'heddle.config.ts': config, ...files });
  undo.push(() => {
    made.remove();
  });
  return { folder: made.folder, heddle: (args, env = {}) => heddleAsync([...args, '--json'], { cwd: made.folder, env: { ...system.env, ...env } }) };
}
const catalogOf = (folder: string): Record<string, string> => ({ HEDDLE_CATALOG: `sqlite:${join(folder, 'catalog.db')}` });

describe('heddle server does not start', () => {
  it('when Temporal is unreachable: exit 3', async () => {
    const { heddle } = other({});
    expect(refused(await heddle(['server'], { HEDDLE_TEMPORAL_ADDRESS: '127.0.0.1:9' }))).toMatchObject({
      exit: 3,
      code: 'HDL-TEMPORAL-UNREACHABLE',
      what: expect.stringContaining('127.0.0.1:9'),
    });
  });

  it('when another process holds the catalog: exit 3', async () => {
    const { folder, heddle } = other({});
    const database = new DatabaseSync(join(folder, 'catalog.db'));
    database.exec('pragma journal_mode = wal; begin immediate');
    try {
      expect(refused(await heddle(['server'], catalogOf(folder)))).toMatchObject({
        exit: 3,
        code: 'HDL-CATALOG-LOCKED',
        where: expect.stringContaining('catalog.db'),
      });
    } finally {
      database.close();
    }
  });

  it('when a newer version wrote the catalog: exit 3', async () => {
    const { folder, heddle } = other({});
    const database = new DatabaseSync(join(folder, 'catalog.db'));
    database.exec('create table heddle_schema (version integer primary key, at integer not null); insert into heddle_schema values (900, 1)');
    database.close();
    expect(refused(await heddle(['server'], catalogOf(folder)))).toMatchObject({ exit: 3, code: 'HDL-CATALOG-NEWER', what: expect.stringContaining('900') });
  });

  it('when its port is taken: exit 2', async () => {
    const { heddle } = other({});
    expect(refused(await heddle(['server']))).toMatchObject({
      exit: 2,
      code: 'HDL-PORT-TAKEN',
      what: expect.stringContaining(system.url.split(':').at(-1) ?? ''),
    });
  });
});

describe('heddle worker does not start', () => {
  it('when Temporal is unreachable: exit 3', async () => {
    const { heddle } = other({ 'pipelines/hello.ts': hello });
    const { code, stderr } = await heddle(['worker'], { HEDDLE_TEMPORAL_ADDRESS: '127.0.0.1:9' });
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('HDL-TEMPORAL-UNREACHABLE') });
  });
});

describe('heddle run starts nothing', () => {
  afterEach(async () => {
    expect(await runsOf()).toEqual([]);
  });

  it('nor heddle check, of a project with two pipelines of one name, an unknown pool, an unknown class and a syntax error: all told, exit 1', async () => {
    const placed = (name: string, resources: string): string =>
      `import { pipeline, task, z } from 'heddle';\nexport const work_${name} = task({ name: 'w.${name}', version: '1', resources: ${resources} as never, output: z.null(), async run() { return null; } });\nexport const ${name} = pipeline({ name: 'w.${name}' }, () => work_${name}({}));\n`;
    const { heddle } = other({
      'pipelines/hello.ts': hello,
      'pipelines/again.ts': hello.replaceAll("name: 'greet'", "name: 'greet.again'"),
      'pipelines/pool.ts': placed('pool', "{ pool: 'defalt' }"),
      'pipelines/class.ts': placed('class', "{ class: 'smal' }").replaceAll('const class', 'const klass'),
      'pipelines/broken.ts': 'export const x = ;\n',
    });
    const { code, stdout } = await heddle(['check']);
    const { problems } = JSON.parse(stdout) as { problems: { code: string; file: string; line: number }[] };
    expect({ code, problems: problems.map((problem) => `${problem.code} ${problem.file}:${problem.line}`) }).toEqual({
      code: 1,
      problems: [
        'HDL-TYPE pipelines/broken.ts:1',
        'HDL-UNKNOWN-CLASS pipelines/class.ts:3',
        expect.stringMatching(/^HDL-DUPLICATE-PIPELINE pipelines\/(hello|again)\.ts:3$/),
        'HDL-UNKNOWN-POOL pipelines/pool.ts:3',
      ],
    });
    const run = refused(await heddle(['run', 'hello']));
    expect(run).toMatchObject({ exit: 1, code: 'HDL-PROBLEMS' });
    for (const problem of ['HDL-DUPLICATE-PIPELINE', 'HDL-FILE-SYNTAX']) expect(run.what).toContain(problem);
  });

  it('with parameters that are too large: exit 2, and where large data belongs', async () => {
    writeFileSync(join(system.folder, 'large.json'), JSON.stringify({ name: 'x'.repeat(2 * 1024 * 1024) }));
    expect(refused(await system.heddle('run', 'hello', '--params-file', 'large.json', '--json'))).toMatchObject({ exit: 2, code: 'HDL-BODY-TOO-LARGE' });
  });

  it('without a token, and with a wrong one: exit 2', async () => {
    const { heddle } = other({ 'pipelines/hello.ts': hello });
    expect(refused(await heddle(['runs']))).toMatchObject({ exit: 2, code: 'HDL-NO-TOKEN' });
    expect(refused(await heddle(['run', 'hello'], { HEDDLE_TOKEN: 'guess' }))).toMatchObject({ exit: 2, code: 'HDL-NO-TOKEN' });
  });

  it('from a plan whose hash is another', async () => {
    const { stdout } = await system.heddle('compile', 'hello', '--json');
    const { plan, hash } = JSON.parse(stdout) as { plan: Plan; hash: string };
    expect(await system.call('POST', '/plans', { plan: { ...plan, owner: 'mallory' }, hash })).toMatchObject({
      status: 400,
      body: { error: { code: 'HDL-PLAN-HASH' } },
    });
    expect(
      await system.call('POST', '/runs', {
        pipeline: 'hello',
        planHash: hash.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
        params: {},
        partition: null,
      }),
    ).toMatchObject({ status: 404 });
  });
});

describe('heddle run --key', () => {
  it('gives the same run for the same body, and exit 2 for another', async () => {
    const key = ['--key', 'order-17', '--json'];
    const first = JSON.parse((await system.heddle('run', 'hello', '--param', 'name=a', ...key)).stdout) as RunSummary;
    const again = JSON.parse((await system.heddle('run', 'hello', '--param', 'name=a', ...key)).stdout) as RunSummary;
    expect(again).toMatchObject({ runId: first.runId, existed: true });
    expect(refused(await system.heddle('run', 'hello', '--param', 'name=b', ...key))).toMatchObject({ exit: 2, code: 'HDL-KEY-REUSED' });
    expect((await runsOf()).map(({ runId }) => runId)).toEqual([first.runId]);
  });
});
