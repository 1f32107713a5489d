import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDevState, removeDevState, writeDevState } from '../../config/dev-state.ts';
import { loadConfig } from '../../config/load-config.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-config-')));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const write = (text: string, name = 'heddle.config.ts'): void => writeFileSync(join(folder, name), text);
const load = (env: Record<string, string> = {}) => loadConfig({ cwd: folder, env });
const refused = (text: string): Promise<unknown> => {
  write(text);
  return load().then(
    () => 'loaded',
    (error: unknown) => error,
  );
};

describe('the file', () => {
  it('is found in a folder above the working one, and paths are relative to it', async () => {
    write("export default { pipelines: ['p/*.ts'], catalog: 'sqlite:data/c.db', storage: { root: 'files' } };");
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    const config = await loadConfig({ cwd: join(folder, 'a/b'), env: {} });
    expect(config).toMatchObject({
      folder,
      file: join(folder, 'heddle.config.ts'),
      catalog: `sqlite:${join(folder, 'data/c.db')}`,
      storageRoot: join(folder, 'files'),
    });
  });
  it('may be typed, since Node strips the types', async () => {
    write("const pipelines: readonly string[] = ['p/*.ts'];\nexport default { pipelines, project: 'typed' as string };");
    expect((await load()).project).toBe('typed');
  });
  it('is read anew when it changed', async () => {
    write("export default { pipelines: ['a'], project: 'one' };");
    expect((await load()).project).toBe('one');
    await new Promise((resolve) => setTimeout(resolve, 20)); // the file's time must differ
    write("export default { pipelines: ['a'], project: 'two' };");
    expect((await load()).project).toBe('two');
  });
  it('is needed, unless the caller can do without', async () => {
    await expect(load()).rejects.toMatchObject({ code: 'HDL-NO-CONFIG', what: expect.stringContaining(folder) });
    const config = await loadConfig({ cwd: folder, env: {}, required: false });
    expect(config).toMatchObject({ file: null, folder, project: 'default', storageRoot: join(folder, '.heddle/store') });
  });
  it('that is broken is refused with its own error and place', async () => {
    expect(await refused('export default { pipelines: [ };')).toMatchObject({ code: 'HDL-CONFIG-LOAD', where: expect.stringContaining('heddle.config.ts') });
    expect(await refused("throw new Error('no luck today');")).toMatchObject({ code: 'HDL-CONFIG-LOAD', what: expect.stringContaining('no luck today') });
    expect(await refused('export const x = 1;')).toMatchObject({ code: 'HDL-CONFIG-LOAD', what: expect.stringContaining('no default export') });
  });
});

describe('values', () => {
  it('have defaults, and say so', async () => {
    write("export default { pipelines: ['p/*.ts'] };");
    const config = await load();
    expect(config).toMatchObject({
      project: 'default',
      catalog: `sqlite:${join(folder, '.heddle/catalog.db')}`,
      python: 'python3',
      temporal: { address: '127.0.0.1:7233', namespace: 'default', embedded: true },
      server: { host: '127.0.0.1', port: 8233, url: 'http://127.0.0.1:8233', tokenFile: join(folder, '.heddle/token') },
      pools: { default: { classes: { small: { slots: 8 } } } },
    });
    expect(config.sources).toMatchObject({ project: 'default', pipelines: 'file', 'server.url': 'default' });
  });
  it('are overridden by variables, each named as the source', async () => {
    write("export default { pipelines: ['p/*.ts'], project: 'written', server: { listen: '127.0.0.1:1' } };");
    const config = await load({
      HEDDLE_PROJECT: 'set',
      HEDDLE_TEMPORAL_ADDRESS: 'temporal:7233',
      HEDDLE_TEMPORAL_NAMESPACE: 'ns',
      HEDDLE_CATALOG: 'postgres://db/heddle',
      HEDDLE_STORAGE_ROOT: 'hdfs://ml/heddle',
      HEDDLE_LISTEN: '0.0.0.0:9000',
      HEDDLE_PYTHON: 'python3.13',
    });
    expect(config).toMatchObject({
      project: 'set',
      temporal: { address: 'temporal:7233', namespace: 'ns', embedded: false },
      catalog: 'postgres://db/heddle',
      storageRoot: 'hdfs://ml/heddle',
      server: { host: '0.0.0.0', port: 9000, url: 'http://127.0.0.1:9000' },
      python: 'python3.13',
    });
    expect(config.sources).toMatchObject({ project: 'HEDDLE_PROJECT', 'temporal.address': 'HEDDLE_TEMPORAL_ADDRESS', 'server.listen': 'HEDDLE_LISTEN' });
  });
  it('of HEDDLE_SERVER say where clients go, not where the server listens', async () => {
    write("export default { pipelines: ['p/*.ts'] };");
    expect((await load({ HEDDLE_SERVER: 'https://heddle.example.org/' })).server).toMatchObject({
      url: 'https://heddle.example.org',
      host: '127.0.0.1',
      port: 8233,
    });
  });
  it('that are wrong are all told in one go, unknown keys with the nearest known one', async () => {
    expect(
      await refused(
        "export default { pipelnes: ['a'], temporal: { adress: 'x' }, server: { listen: 'nowhere' }, pools: { gpu: { classes: { big: { slot: 1 } } } } };",
      ),
    ).toMatchObject({
      code: 'HDL-CONFIG-INVALID',
      what: expect.stringMatching(
        /"pipelines" should be an array, and is missing[^]*"temporal.adress" is not known; did you mean "address"\?[^]*"server.listen" should be host:port[^]*"pools.gpu.classes.big.slot" is not known; did you mean "slots"\?[^]*"pipelnes" is not known; did you mean "pipelines"\?/,
      ),
    });
    expect(await refused('export default 7;')).toMatchObject({
      code: 'HDL-CONFIG-INVALID',
      what: expect.stringContaining('"the default export" should be an object'),
    });
  });
  it('of variables are checked too', async () => {
    write("export default { pipelines: ['a'] };");
    await expect(load({ HEDDLE_LISTEN: 'somewhere' })).rejects.toMatchObject({
      code: 'HDL-BAD-VARIABLE',
      what: expect.stringContaining('HEDDLE_LISTEN is "somewhere"'),
    });
    await expect(load({ HEDDLE_CATALOG: 'mysql://ada:sesame@db/heddle' })).rejects.toMatchObject({
      what: expect.stringContaining('mysql://ada:***@db/heddle'),
    });
    await expect(load({ HEDDLE_TEMPORAL_API_KEY: 'not a key' })).rejects.toMatchObject({ what: expect.not.stringContaining('not a key') });
  });
});

describe('a running heddle dev', () => {
  it('that is gone is not believed', () => {
    writeDevState(folder, { pid: 2 ** 22 + 1, server: 'http://127.0.0.1:1', temporal: '127.0.0.1:2', temporalUi: null, project: 'default' });
    expect(readDevState(folder)).toBeNull();
    removeDevState(folder);
    expect(readDevState(folder)).toBeNull();
  });
});
