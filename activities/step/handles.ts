/** Handles in the values of steps: what they are, and whether what they stand for is still there. Runs on workers. */
import type { Artifact } from '../../dsl/authoring/context.ts';
import type { ItemListHandle, ModelHandle, SliceHandle } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';
import type { StepHost } from './step-host.ts';

export type Handle = SliceHandle | ItemListHandle | ModelHandle | (Artifact & { readonly kind?: undefined });

export function isHandle(value: Json): boolean {
  return handleOf(value) !== null;
}

/** The handle that a value is; null for any other value. */
export function handleOf(value: Json): Handle | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const { kind, uri, digest, bytes } = value as Readonly<Record<string, Json>>;
  if (typeof uri !== 'string' || typeof digest !== 'string') return null;
  const isArtifact = kind === undefined && typeof bytes === 'number' && Object.keys(value).length === 3;
  return kind === 'slice' || kind === 'items' || kind === 'model' || isArtifact ? (value as unknown as Handle) : null; // made by the engine in these shapes
}

/** What of the files and partitions that a value names is not there as it was; null when everything is. */
export async function whatIsGone(value: Json, host: Pick<StepHost, 'files' | 'data'>): Promise<string | null> {
  if (value === null || typeof value !== 'object') return null;
  const handle = handleOf(value);
  if (handle) return goneOf(handle, host);
  for (const part of Array.isArray(value) ? value : Object.values(value)) {
    const gone = await whatIsGone(part as Json, host);
    if (gone !== null) return gone;
  }
  return null;
}

async function goneOf(handle: Handle, { files, data }: Pick<StepHost, 'files' | 'data'>): Promise<string | null> {
  if (handle.kind === 'slice') {
    const now = await data.inPlace(handle);
    return 'gone' in now ? now.gone : null;
  }
  if (handle.kind === 'items') return (await data.hasItems(handle)) ? null : `a page of ${handle.uri} is not there any more`;
  if (handle.kind === 'model') return (await files.list(handle.uri)).length > 0 ? null : `${handle.uri} is not there any more`;
  const found = await files.stat(handle.uri);
  return found?.bytes === handle.bytes ? null : `${handle.uri} is not there any more`;
}
