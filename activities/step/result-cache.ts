/**
 * Results of tasks with `cache`: a step takes the output of an earlier one of the same task version and the same input instead
 * of running. An entry a key in the store; one whose files or partitions are gone does not count. Runs on workers.
 */
import type { TaskValue } from '../../dsl/authoring/values.ts';
import type { CacheNote, SliceHandle, StagedPartition, StepCall } from '../../dsl/contract/step.ts';
import { canonicalJson } from '../../dsl/plan/canonical-json.ts';
import type { Json, JsonObject } from '../../dsl/plan/types.ts';
import { sha256Hex } from '../../storage/digest.ts';
import { inputIdentity } from './input-identity.ts';
import { isHandle, whatIsGone } from './handles.ts';
import { resultUri } from './step-folder.ts';
import type { StepHost } from './step-host.ts';

interface Entry {
  readonly format: 1;
  readonly at: number;
  readonly runId: string;
  readonly step: string;
  readonly codeDigest: string | null;
  /** Whole, with the handles as they were staged. */
  readonly output: Json;
  readonly staged: readonly Pick<StagedPartition, 'at'>[];
}
export interface Lookup {
  /** null: there is nothing to use. */
  readonly found: { readonly output: Json; readonly codeDigest: string | null } | null;
  readonly note: CacheNote;
  /** Keeps what the step gave, for others. Never throws; gives what went wrong. */
  keep(output: Json, staged: readonly StagedPartition[], codeDigest: string | null): Promise<string | null>;
}

/** null for a task without `cache`. A store that does not answer is a miss, and no failure. */
export async function lookUpResult(call: StepCall, task: TaskValue, input: Json, host: StepHost): Promise<Lookup | null> {
  if (!task.cache) return null;
  const { forMs } = task.cache;
  let uri: string;
  try {
    uri = resultUri(call.task, call.version, await keyOf(call, input, host));
  } catch (error) {
    return { found: null, note: { hit: false, why: `its input could not be compared: ${messageOf(error)}` }, keep: async () => null };
  }
  const keep: Lookup['keep'] = async (output, staged, codeDigest) => {
    const entry: Entry = { format: 1, at: host.now(), runId: call.runId, step: call.step, codeDigest, output, staged: staged.map(({ at }) => ({ at })) };
    return host.files.write(uri, Buffer.from(JSON.stringify(entry))).then(() => null, messageOf);
  };
  const miss = (why: string): Lookup => ({ found: null, note: { hit: false, why }, keep });
  if (call.cache === false) return miss('the run takes no results of others (--no-cache)');
  try {
    if (!(await host.files.stat(uri))) return miss(`no step of ${call.task} version ${call.version} has had this input`);
    const entry = JSON.parse(Buffer.from(await host.files.read(uri)).toString('utf8')) as Entry; // written above
    const from = `run ${entry.runId}, step ${entry.step}`;
    if (forMs !== null && host.now() - entry.at > forMs) return miss(`the result of ${from} is older than the task allows`);
    const now = await present(entry, host);
    if ('gone' in now) return miss(`the result of ${from} cannot be used: ${now.gone}`);
    const note = { hit: true, why: `the same version of the task had the same input in ${from}`, runId: entry.runId, step: entry.step };
    return { found: { output: now.output, codeDigest: entry.codeDigest }, note, keep };
  } catch (error) {
    return miss(`what was kept could not be read: ${messageOf(error)}`);
  }
}

/** Of everything that the task may see: its input by content, the partition of the run, what it publishes. */
async function keyOf(call: StepCall, input: Json, host: StepHost): Promise<string> {
  const seen = { input: await inputIdentity(input, host.files), into: call.into ?? null, partition: call.partition ?? null };
  return sha256Hex(canonicalJson(seen));
}

/** The output as it stands now: what it published is looked up again, everything else must be there as it was. */
async function present(entry: Entry, host: StepHost): Promise<{ readonly output: Json } | { readonly gone: string }> {
  let { output } = entry;
  for (const { at } of entry.staged) {
    const slice = await host.data.inPlace(at.reduce<Json>((value, key) => (value as JsonObject)[key] ?? null, output) as unknown as SliceHandle); // a publishing task put it there
    if ('gone' in slice) return slice;
    output = withValue(output, at, slice as unknown as Json); // a handle is plain JSON
  }
  const gone = await whatIsGone(output, host);
  return gone === null ? { output } : { gone };
}

function withValue(value: Json, [head, ...rest]: readonly string[], put: Json): Json {
  if (head === undefined || isHandle(value)) return put;
  return { ...(value as JsonObject), [head]: withValue((value as JsonObject)[head] ?? null, rest, put) }; // the step gave an object there
}

const messageOf = (error: unknown): string => (error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error));
