import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerSecrets } from '../../workers/secrets.ts';
import { startWorkerKit, type WorkerKit } from './worker-kit.ts';

const SECRET = 'correct-horse-battery-staple-9981';
let kit: WorkerKit;
beforeAll(async () => {
  process.env['HEDDLE_SECRET_TOKEN'] = SECRET;
  kit = await startWorkerKit();
});
afterAll(async () => {
  delete process.env['HEDDLE_SECRET_TOKEN'];
  await kit.stop();
});

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'tasks.ts')
    .map((entry) => join(entry.parentPath, entry.name));

describe('a secret that a task throws, logs and returns', () => {
  it('is in no file of Temporal, of the store or of the logs, in clear or in base64', async () => {
    const project = kit.project(
      'leaks',
      `
      export const leaks = task({ name: 's.leaks', version: '1', input: z.object({ how: z.string() }), output: z.string(), run: async ({ how }, ctx) => {
        const value = await ctx.secret('token');
        ctx.log.info('value ' + value, { base64: Buffer.from(value).toString('base64') });
        ctx.progress(1, 2, value);
        if (how === 'throw') throw new Error(value + ' ' + Buffer.from(value).toString('base64'));
        if (how === 'string') throw value;
        return how === 'long' ? value.repeat(200) : value;
      } });
      export const apart = task({ name: 's.apart', version: '1', isolate: 'process', output: z.string(), run: async (_, ctx) => { console.log(process.env['HEDDLE_SECRET_TOKEN']); throw new Error(await ctx.secret('token')); } });`,
    );
    const worker = await project.worker();
    const outcomes = await kit.run([
      ...['throw', 'string', 'return', 'long'].map((how) => project.order('s.leaks', { how }, { step: how })),
      project.order('s.apart', {}, { isolate: true }),
    ]);
    await worker.stop();
    expect(outcomes.map(({ ok }) => ok)).toEqual([false, false, true, true, false]);
    expect(outcomes[0]?.failure?.message).toBe('[secret token] [secret token]');
    expect(outcomes[2]?.result).toMatchObject({ output: '[secret token]' });

    const database = kit.temporal.dbFile;
    const files = [...filesBelow(project.folder), ...[database, `${database}-wal`].filter((file) => statSync(file, { throwIfNoEntry: false }))];
    expect(files.some((file) => file.endsWith('.jsonl'))).toBe(true);
    expect(files.length).toBeGreaterThan(5);
    const needles = [SECRET, Buffer.from(SECRET).toString('base64'), Buffer.from(SECRET).toString('base64url')];
    for (const file of files) {
      const bytes = readFileSync(file);
      for (const needle of needles) expect(bytes.includes(needle), `${file} holds ${needle}`).toBe(false);
    }
    // the search itself works
    expect(readFileSync(database).includes('s.leaks') || readFileSync(`${database}-wal`).includes('s.leaks')).toBe(true);
  });
});

describe('the secrets of a worker', () => {
  it('come from the environment, else from the file, which is read anew', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-secrets-'));
    const file = join(folder, 'secrets.json');
    writeFileSync(file, JSON.stringify({ 'db.password': 'from-file', other: 'first-value' }));
    const secrets = workerSecrets({ HEDDLE_SECRETS_FILE: file, HEDDLE_SECRET_DB_PASSWORD: 'from-env' });
    expect(await secrets.get('db.password')).toBe('from-env');
    expect(await secrets.get('other')).toBe('first-value');
    writeFileSync(file, JSON.stringify({ other: 'second-value' }));
    expect(await secrets.get('other')).toBe('second-value');
    expect(await secrets.get('none')).toBeUndefined();
    expect(secrets.redactor.text('first-value second-value from-env')).toBe('[secret other] [secret other] [secret db.password]');
    rmSync(folder, { recursive: true });
  });
  it('that are short are left alone until a task asks for them', async () => {
    const secrets = workerSecrets({ HEDDLE_SECRET_MODE: 'on' });
    expect(secrets.redactor.text('on and on')).toBe('on and on');
    await secrets.get('mode');
    expect(secrets.redactor.text('on and on')).toBe('[secret mode] and [secret mode]');
  });
});
