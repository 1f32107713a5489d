import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../cli/commands.ts';
import { createProgram } from '../../cli/create-program.ts';
import { usageError } from '../../cli/usage-error.ts';
import { removeDevState, writeDevState } from '../../config/dev-state.ts';
import { config, heddle, heddleAsync, hello, project } from './heddle.ts';

const program = createProgram(() => Promise.resolve());
const NOWHERE = { HEDDLE_SERVER: 'http://127.0.0.1:9' };
let made: ReturnType<typeof project>;
beforeAll(() => {
  made = project({ 'heddle.config.ts': config, 'pipelines/hello.ts': hello });
});
afterAll(() => {
  made.remove();
});
const errorOf = (stdout: string): { code: string; what: string; fix: string } =>
  (JSON.parse(stdout) as { error: { code: string; what: string; fix: string } }).error;

describe('help', () => {
  it('lists every command by what it is for, and the exit codes', () => {
    const { code, stdout } = heddle(['--help']);
    expect(code).toBe(0);
    for (const { usage } of commands) expect(stdout).toMatch(new RegExp(`^  ${usage.split(' ')[0]}\\b`, 'm'));
    expect(stdout).toContain('Exit codes: 0 done, 1 the run or check failed, 2 wrong use, 3 an outside part is unreachable.');
  });
  it('is what heddle alone shows', () => {
    expect(heddle([]).stdout).toContain('Usage: heddle');
    expect(heddle(['--version']).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });
  it('of each command has examples', () => {
    const all = program.commands.flatMap((command) => (command.commands.length > 0 ? command.commands : [command]));
    for (const command of all) {
      let text = '';
      command.configureOutput({
        writeOut: (piece) => {
          text += piece;
        },
      });
      command.outputHelp();
      expect({ name: command.name(), examples: /Examples:\n {2}\$ heddle|Examples:\n {2}\$ \w+=/.test(text) }).toEqual({
        name: command.name(),
        examples: true,
      });
    }
    expect(heddle(['show', '--help']).stdout).toContain('$ heddle show last');
  });
});

describe('wrong use', () => {
  it.each([
    [['rnu', 'hello'], "Unknown command 'rnu'. Did you mean run?"],
    [['runs', '--limt', '3'], "Unknown option '--limt'. Did you mean --limit?"],
    [['show'], "Missing required argument 'run'."],
    [['runs', '--limit', 'many'], 'It should be a whole number.'],
    [['check', 'more'], 'Too many arguments'],
    [['catalog', 'rebild'], "Unknown command 'rebild'. Did you mean rebuild?"],
  ])('%j is told with what was meant', async (args, text) => {
    const complaint: unknown = await createProgram(() => Promise.resolve())
      .parseAsync(args, { from: 'user' })
      .then(
        () => null,
        (error: unknown) => error,
      );
    expect(usageError(complaint, program)).toMatchObject({ code: 'HDL-USAGE', what: expect.stringContaining(text) });
  });
  it('exits with 2 and shows the four parts on stderr', () => {
    const { code, stderr, stdout } = heddle(['rnu']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      "HDL-USAGE: Unknown command 'rnu'. Did you mean run?\n  do: See heddle --help, or --help after a command.\n  more: docs/errors/HDL-USAGE.md\n",
    );
  });
  it('with --json gives the error as the one document on stdout', () => {
    const { code, stdout } = heddle(['rnu', '--json']);
    expect(code).toBe(2);
    expect(errorOf(stdout)).toMatchObject({ code: 'HDL-USAGE', what: expect.stringContaining('Did you mean run?') });
  });
});

describe('a missing configuration', () => {
  it('is told with the folder, exit 2', () => {
    const { code, stdout } = heddle(['check', '--json'], { cwd: '/' });
    expect(code).toBe(2);
    expect(errorOf(stdout)).toMatchObject({ code: 'HDL-NO-CONFIG', fix: expect.stringContaining('heddle new') });
  });
  it('named by --config is told by its path', () => {
    const { code, stderr } = heddle(['check', '--config', 'nowhere.ts'], { cwd: '/' });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('There is no /nowhere.ts.') });
  });
});

describe('the server', () => {
  it.each([
    ['show', 'last'],
    ['approve', 'x'],
    ['run', 'hello'],
  ])('unreachable: heddle %s exits with 3', (...args) => {
    const { code, stdout } = heddle([...args, '--json'], { cwd: made.folder, env: NOWHERE });
    expect({ code, error: errorOf(stdout).code }).toEqual({ code: 3, error: 'HDL-SERVER-UNREACHABLE' });
  });
  it('that is something else exits with 3 and shows what it said', async () => {
    const other = createServer((_request, response) => {
      response.writeHead(502);
      response.end('<h1>Bad Gateway</h1>');
    });
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    try {
      const { code, stdout } = await heddleAsync(['runs', '--json'], { env: { HEDDLE_SERVER: `http://127.0.0.1:${(other.address() as AddressInfo).port}` } });
      expect({ code, error: errorOf(stdout) }).toMatchObject({
        code: 3,
        error: { code: 'HDL-NOT-A-SERVER', what: expect.stringContaining('502 with "<h1>Bad Gateway') },
      });
    } finally {
      other.close();
    }
  });
});

describe('before anything is started', () => {
  const run = (...args: string[]): { code: number | null; error: ReturnType<typeof errorOf> } => {
    const { code, stdout } = heddle(['run', ...args, '--json'], { cwd: made.folder, env: NOWHERE });
    return { code, error: errorOf(stdout) };
  };
  it('an unknown pipeline is refused with the nearest name', () => {
    expect(run('helo')).toMatchObject({ code: 2, error: { code: 'HDL-NO-PIPELINE', what: 'The project has no pipeline "helo". Did you mean "hello"?' } });
  });
  it('a wrong parameter is refused', () => {
    expect(run('hello', '--param', 'nmae=x')).toMatchObject({
      code: 2,
      error: { code: 'HDL-BAD-PARAMS', what: expect.stringContaining('Did you mean "name"?') },
    });
    expect(run('hello', '--param', 'times=often')).toMatchObject({
      code: 2,
      error: { code: 'HDL-BAD-PARAMS', what: expect.stringContaining('should be integer') },
    });
  });
  it('invalid JSON is refused with line and column', () => {
    writeFileSync(join(made.folder, 'params.json'), '{\n  "name": "x",,\n}');
    const { code, stdout } = heddle(['run', 'hello', '--params-file', 'params.json', '--json'], { cwd: made.folder, env: NOWHERE });
    expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 2, error: { code: 'HDL-BAD-PARAMS', where: 'params.json:2:15' } });
  });
  it('a partition for a pipeline without any is refused', () => {
    expect(run('hello', '--partition', '2001-03-01')).toMatchObject({ code: 2, error: { code: 'HDL-BAD-PARTITION' } });
  });
  it('a project with mistakes is refused with all of them, exit 1', () => {
    const broken = project({
      'heddle.config.ts': config,
      'pipelines/a.ts': `${hello}export const two = pipeline({ name: 'two' }, () => { greet({ name: 'a', times: 1 }); return greet({ name: 'b', times: 1 }); });`,
      'pipelines/b.ts': 'export const x = ;',
    });
    try {
      const { code, stdout } = heddle(['run', 'hello', '--json'], { cwd: broken.folder, env: NOWHERE });
      expect({ code, error: errorOf(stdout) }).toMatchObject({
        code: 1,
        error: { code: 'HDL-PROBLEMS', what: expect.stringMatching(/pipelines\/b\.ts:1.*HDL-FILE-SYNTAX/) },
      });
      const checked = heddle(['check', '--json'], { cwd: broken.folder });
      expect(checked.code).toBe(1);
      expect(JSON.parse(checked.stdout)).toMatchObject({ ok: false });
    } finally {
      broken.remove();
    }
  });
  it('a second heddle dev in one project is refused', () => {
    const state = join(made.folder, '.heddle');
    const stands = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)', 'dev']); // in the place of a running dev
    try {
      writeDevState(state, { pid: stands.pid ?? 0, server: 'http://127.0.0.1:1', temporal: '127.0.0.1:2', temporalUi: null, project: 'p' });
      const { code, stdout } = heddle(['dev', '--json'], { cwd: made.folder });
      expect({ code, error: errorOf(stdout) }).toMatchObject({
        code: 2,
        error: { code: 'HDL-DEV-RUNNING', what: expect.stringContaining(`process ${stands.pid}`) },
      });
    } finally {
      stands.kill();
      removeDevState(state);
    }
  });
  it('heddle dev without a Temporal program says how to get one, exit 3', () => {
    const fresh = project({ 'heddle.config.ts': config });
    try {
      const { code, stdout } = heddle(['dev', '--json'], { cwd: fresh.folder, env: { HEDDLE_TEMPORAL_BINARY: '/nowhere/temporal' } });
      expect({ code, error: errorOf(stdout) }).toMatchObject({
        code: 3,
        error: { code: 'HDL-NO-TEMPORAL-BINARY', what: expect.stringContaining('/nowhere/temporal') },
      });
    } finally {
      fresh.remove();
    }
  });
  it('a worker of a pool that is not there is refused', () => {
    const { code, stdout } = heddle(['worker', '--pool', 'defalt', '--json'], { cwd: made.folder });
    expect({ code, error: errorOf(stdout).what }).toEqual({ code: 2, error: 'The project has no pool "defalt". Did you mean "default"?' });
  });
});

describe('writing', () => {
  it('heddle check is quiet about a good project and heddle compile prints its plan', () => {
    expect(heddle(['check'], { cwd: made.folder })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok {2}1 pipeline: hello/) });
    const { stdout } = heddle(['compile', 'hello', '--json'], { cwd: made.folder });
    expect(JSON.parse(stdout)).toMatchObject({ hash: expect.stringMatching(/^sha256:/), plan: { name: 'hello' } });
  });
  it('heddle plan works without a server, and says what it does not know', () => {
    const { code, stdout } = heddle(['plan', 'hello'], { cwd: made.folder, env: NOWHERE });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/1\. greet {2}task greet@1[^]*estimate {3}none: The Heddle server/) });
  });
  it('heddle types writes the pools as TypeScript', () => {
    expect(heddle(['types', '--out', '-'], { cwd: made.folder }).stdout).toContain("pools: 'default';");
    expect(heddle(['types'], { cwd: made.folder }).code).toBe(0);
    expect(readFileSync(join(made.folder, 'heddle-env.d.ts'), 'utf8')).toContain('interface Register');
  });
  it('heddle doctor shows each value with its source, and exits with 3 when the server is away', () => {
    const { code, stdout } = heddle(['doctor', '--json'], {
      cwd: made.folder,
      env: { ...NOWHERE, HEDDLE_TEMPORAL_ADDRESS: '127.0.0.1:9', HEDDLE_STORAGE_ROT: 'x' },
    });
    expect(code).toBe(3);
    const { values, checks } = JSON.parse(stdout) as {
      values: { key: string; value: string; source: string }[];
      checks: { name: string; state: string; fix: string | null }[];
    };
    expect(values.find(({ key }) => key === 'server.url')).toEqual({ key: 'server.url', value: 'http://127.0.0.1:9', source: 'HEDDLE_SERVER' });
    expect(Object.fromEntries(checks.map(({ name, state }) => [name, state]))).toMatchObject({
      server: 'bad',
      temporal: 'bad',
      catalog: 'ok',
      store: 'ok',
      variables: 'warn',
    });
    expect(checks.filter(({ state }) => state !== 'ok').every(({ fix }) => fix !== null)).toBe(true);
  });
});

describe('heddle new', () => {
  it('makes settings under which an editor sees what heddle types writes', () => {
    expect(heddle(['new', 'typed'], { cwd: made.folder }).code).toBe(0);
    expect(readFileSync(join(made.folder, 'typed', 'tsconfig.json'), 'utf8')).toContain('"*.d.ts"');
  });
  it('refuses a folder that holds something', () => {
    mkdirSync(join(made.folder, 'taken'));
    writeFileSync(join(made.folder, 'taken', 'mine.txt'), '');
    const { code, stdout } = heddle(['new', 'taken', '--json'], { cwd: made.folder });
    expect({ code, error: errorOf(stdout) }).toMatchObject({ code: 2, error: { code: 'HDL-FOLDER-NOT-EMPTY', what: expect.stringContaining('mine.txt') } });
  });
});

describe('a server and a worker that cannot start', () => {
  it.each([
    [['server'], 'HDL-TEMPORAL-UNREACHABLE', 3],
    [['worker'], 'HDL-TEMPORAL-UNREACHABLE', 3],
    [['worker', '--pool', 'gpu'], 'HDL-USAGE', 2],
  ] as const)('heddle %s --json says why in one document on stdout', async (args, code, exit) => {
    const ended = await heddleAsync([...args, '--json'], { cwd: made.folder, env: { HEDDLE_TEMPORAL_ADDRESS: '127.0.0.1:9', HEDDLE_LISTEN: '127.0.0.1:0' } });
    expect(ended.code, ended.stderr).toBe(exit);
    expect(errorOf(ended.stdout).code).toBe(code);
    expect(ended.stderr).toContain(code);
  });
});
