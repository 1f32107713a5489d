/** Logs of steps: pushed lines while a run goes on, the stored log when it is over. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLogFiles, type LogFiles } from '../../api/logs/log-files.ts';
import { withLogged } from '../../api/logs/logged-attempts.ts';
import { readLogs } from '../../api/logs/read-logs.ts';
import type { LogLine } from '../../dsl/contract/api.ts';
import { stepFolder } from '../../storage/step-folder.ts';
import { openStore, type Store } from '../../storage/store.ts';

let folder = '';
let files: LogFiles;
let store: Store;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-logs-'));
  files = createLogFiles(join(folder, 'logs'));
  store = openStore({ root: join(folder, 'store'), project: 'default' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const line = (text: string, over: Partial<LogLine> = {}): LogLine => ({ at: 1, step: 'trials[0.01].train', attempt: 1, level: 'info', text, ...over });
const ask = (runId: string, more: object = {}) => readLogs({ store }, files, { runId, step: 'trials[0.01].train', after: 0, over: false, ...more });
const texts = (page: { items: readonly LogLine[] }): string[] => page.items.map((item) => item.text);

it('a tail goes on from its cursor and gets the newest attempt', async () => {
  await files.append('r1', [line('a'), line('b')]);
  const first = await ask('r1');
  expect(texts(first)).toEqual(['a', 'b']);
  await files.append('r1', [line('c')]);
  const second = await ask('r1', { after: Number(first.next) });
  expect(texts(second)).toEqual(['c']);
  expect(await ask('r1', { after: Number(second.next) })).toEqual({ items: [], next: second.next });
  await files.append('r1', [line('again', { attempt: 2 })]);
  expect(texts(await ask('r1'))).toEqual(['again']);
  expect(texts(await ask('r1', { attempt: 1 }))).toEqual(['a', 'b', 'c']);
  expect(await ask('r9')).toEqual({ items: [], next: null });
});

it("a retry's log stands beside that of the try before", async () => {
  await files.append('r10', [line('first try'), line('its second attempt', { attempt: 2 })]);
  await files.append('r10', [line('of the retry', { retry: 1 })]);
  expect(texts(await ask('r10'))).toEqual(['of the retry']);
  expect(texts(await ask('r10', { retry: 0 }))).toEqual(['its second attempt']);
  expect(texts(await ask('r10', { retry: 0, attempt: 1 }))).toEqual(['first try']);
  const at = `store://logs/r10/${stepFolder('trials[0.01].train')}`;
  for (const [name, text] of [
    ['1', 'stored first'],
    ['r1-1', 'stored retry'],
  ] as const)
    await store.write(`${at}/${name}.jsonl`, Buffer.from(`${JSON.stringify(line(text))}\n`));
  expect(texts(await ask('r10', { over: true }))).toEqual(['stored retry']);
  expect(texts(await ask('r10', { over: true, retry: 0, attempt: 1 }))).toEqual(['stored first']);
});

it('when the run is over the stored log is read, and a tail that began before ends with its own file', async () => {
  await files.append('r2', [line('pushed')]);
  const tail = await ask('r2');
  const stored = [line('first'), line('pushed'), line('last')].map((item) => `${JSON.stringify(item)}\n`).join('');
  await store.write(`store://logs/r2/${stepFolder('trials[0.01].train')}/1.jsonl`, Buffer.from(stored));
  const whole = await ask('r2', { over: true });
  expect(texts(whole)).toEqual(['first', 'pushed', 'last']);
  expect(texts(await ask('r2', { over: true, after: Number(whole.next) }))).toEqual([]);
  expect(texts(await ask('r2', { over: true, after: Number(tail.next) }))).toEqual([]);
});

it('a step path never leaves the folder of the logs', async () => {
  for (const step of ['../../etc', '..', '.', 'a/b', '']) await files.append('r3', [line('x', { step })]);
  await files.append('../r4', [line('x')]);
  expect(readdirSync(join(folder)).toSorted()).toEqual(['logs', 'store']);
  expect(readdirSync(join(folder, 'logs', 'r3'))).toHaveLength(5);
  expect(stepFolder('..')).toBe('%2E%2E');
});

it('steps whose long paths begin alike have folders of their own', () => {
  const folders = ['train', 'evaluate'].map((step) => stepFolder(`docs[${'東'.repeat(40)}].${step}`));
  expect(new Set(folders).size).toBe(2);
  for (const name of folders) expect(name.length).toBeLessThanOrEqual(200);
  expect(stepFolder('trials[0.01].train')).toBe('trials%5B0.01%5D.train');
});

it('a log ends at its cap', async () => {
  const big = line('x'.repeat(6 * 1024 * 1024));
  for (let i = 0; i < 4; i++) await files.append('r5', [big]);
  const { statSync } = await import('node:fs');
  expect(statSync(join(folder, 'logs', 'r5', stepFolder('trials[0.01].train'), '1.jsonl')).size).toBeLessThan(13 * 1024 * 1024);
});

it('logs that are old go', async () => {
  await files.append('r6', [line('x')]);
  await files.prune(Date.now() - 60_000);
  expect(readdirSync(join(folder, 'logs'))).toContain('r6');
  await files.prune(Date.now() + 60_000);
  expect(readdirSync(join(folder, 'logs'))).toEqual([]);
});

it('the attempts of a step are those of the catalog and those that have left only a log, in their order', async () => {
  await files.append('r20', [line('pushed', { attempt: 2 }), line('of the retry', { retry: 1 })]);
  await store.write(`store://logs/r20/${stepFolder('trials[0.01].train')}/1.jsonl`, Buffer.from(`${JSON.stringify(line('uploaded'))}\n`));
  const step = 'trials[0.01].train';
  const known = [{ step, retry: 0, attempt: 2, worker: 'w', startedAt: 1, endedAt: 2, failure: null, observed: false }];
  const parts = { store, log: { warn: () => undefined } as never };
  const all = await withLogged(parts, files, { runId: 'r20', step }, known);
  expect(all.map(({ retry, attempt, worker, observed }) => [retry, attempt, worker, observed])).toEqual([
    [0, 1, null, true],
    [0, 2, 'w', false],
    [1, 1, null, true],
  ]);
  expect(await withLogged(parts, files, { runId: 'r21', step }, known)).toEqual(known);
});
