/**
 * ctx.checkpoint: one JSON value a step, kept in the store by an atomic write, so that the attempt after a kill finds it on
 * any host; a local folder for large files. Small values also travel in heartbeats.
 */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Checkpoint } from '../../dsl/authoring/context.ts';
import type { StepCall } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { stepFolder } from '../../storage/step-folder.ts';
import { stepUri } from './step-folder.ts';
import type { StepHost } from './step-host.ts';

const CURSOR_BYTES = 1024;

export interface StepCheckpoint extends Checkpoint {
  /** After success: the next run of this step starts anew. Does nothing when the step never used it. */
  clear(): Promise<void>;
}

export function stepCheckpoint(call: StepCall, host: StepHost): StepCheckpoint {
  /** Made only for a step that saves or loads: most do neither. */
  const uri = (): string => `${stepUri(call.runId, call.step)}/checkpoint.json`;
  let used = false;
  let folder: string | null = null;
  return {
    get folder() {
      if (folder === null) {
        folder = checkpointFolder(call, host);
        mkdirSync(folder, { recursive: true });
      }
      return folder;
    },
    async load<T>() {
      used = true;
      if ((await host.files.stat(uri())) === null) return host.lastCursor as T | null;
      return JSON.parse(Buffer.from(await host.files.read(uri())).toString('utf8')) as T; // the author's own value
    },
    async save(value) {
      used = true;
      // an attempt that goes on from here does not say again what came before
      await host.tracker?.flush();
      const own = JSON.stringify(value);
      // a checkpoint may be large: it is looked through only where there is something to find
      const text = host.redactor.empty ? own : JSON.stringify(host.redactor.json(JSON.parse(own) as Json));
      await host.files.write(uri(), Buffer.from(text, 'utf8'));
      if (text.length <= CURSOR_BYTES) host.heartbeat(JSON.parse(text) as Json);
    },
    async clear() {
      if (used) await host.files.remove(uri());
      if (folder !== null) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** In the store where that is a local folder, and so shared with other workers of it; else on this host. */
function checkpointFolder(call: StepCall, host: StepHost): string {
  const resolved = host.files.resolve(`${stepUri(call.runId, call.step)}/checkpoint`);
  if (resolved.startsWith('file:')) return fileURLToPath(resolved);
  if (resolved.startsWith('/')) return resolved;
  return join(host.scratchFolder, 'checkpoints', stepFolder(call.runId), stepFolder(call.step));
}
