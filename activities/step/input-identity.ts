/**
 * What an input is, for comparing it with another: handles stand for their content, wherever that lies; everything else is
 * itself. Runs on workers.
 */
import type { ItemListHandle } from '../../dsl/contract/step.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { handleOf } from './handles.ts';
import type { StepFiles } from './step-host.ts';

export async function inputIdentity(value: Json, files: StepFiles): Promise<Json> {
  if (value === null || typeof value !== 'object') return value;
  const handle = handleOf(value);
  if (handle?.kind === 'slice') return { $slice: [handle.dataset, handle.digest] };
  if (handle?.kind === 'model') return { $model: [handle.name, handle.version, handle.digest] };
  if (handle?.kind === 'items') return { $items: await contentOf(handle, files) };
  if (handle) return { $artifact: handle.digest };
  if (Array.isArray(value)) return Promise.all(value.map((item) => inputIdentity(item as Json, files)));
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([key, item]) => [key, await inputIdentity(item as Json, files)] as const)));
}

/** The digest of a list is over the places of its pages, too: here only what is in them counts. */
async function contentOf(list: ItemListHandle, files: StepFiles): Promise<Json> {
  const index = JSON.parse(Buffer.from(await files.read(`${list.uri}/index.json`)).toString('utf8')) as { readonly pages: readonly { digest: string }[] }; // storage/items.ts
  return [list.count, ...index.pages.map(({ digest }) => digest)];
}
