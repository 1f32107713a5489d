/** Whether a staging holds what its step staged: the manifest by its digest, the marker, each file with its size. Workers. */
import type { StagedPartition } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Store } from '../store.ts';
import { nameOfUri } from '../uri.ts';
import { MANIFEST, readManifest, SUCCESS, type Manifest } from './manifest.ts';

/** Throws HDL-STAGING-GONE when it is not there, HDL-MANIFEST when it is another or not whole. */
export async function checkStaged(
  store: Store,
  staged: Omit<StagedPartition, 'at'>,
  path: string,
): Promise<{ readonly manifest: Manifest; readonly digest: string }> {
  const where = `${staged.dataset} ${path}`;
  const entries = await store.list(staged.staging);
  if (entries.length === 0) throw new HeddleError('HDL-STAGING-GONE', { what: `${staged.staging} is not there any more.`, where });
  const wrong = (what: string): HeddleError =>
    new HeddleError('HDL-MANIFEST', { what: `${staged.staging} ${what}.`, where, why: 'A partition is published as it was staged, or not at all.' });
  const found = await readManifest(store, staged.staging);
  if (!found) throw wrong(`has no ${MANIFEST}`);
  if (found.digest !== staged.manifestDigest) throw wrong('is not what the step staged: its manifest is another one');
  const sizes = new Map(entries.map((entry) => [nameOfUri(entry.uri), entry.bytes]));
  for (const file of found.manifest.files) {
    const bytes = sizes.get(file.name);
    if (bytes !== file.bytes)
      throw wrong(bytes === undefined ? `has lost ${file.name}` : `has ${bytes} bytes in ${file.name}, and its manifest says ${file.bytes}`);
    sizes.delete(file.name);
  }
  if (!sizes.delete(SUCCESS)) throw wrong(`has no ${SUCCESS}`);
  sizes.delete(MANIFEST);
  if (sizes.size > 0) throw wrong(`has ${[...sizes.keys()].join(', ')}, which its manifest does not name`);
  return found;
}
