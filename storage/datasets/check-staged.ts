/** Whether a staging holds what its step staged: the manifest by its digest, the marker, each file with its size. Workers. */
import type { StagedPartition } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Store } from '../store.ts';
import { nameOfUri } from '../uri.ts';
import { GENERATION } from './generation-note.ts';
import { MANIFEST, readManifest, SUCCESS, type Manifest } from './manifest.ts';

type Staged = Omit<StagedPartition, 'at'>;

/** Throws HDL-STAGING-GONE when it is not there, HDL-MANIFEST when its manifest is another, or does not add up. */
export async function stagedManifest(store: Store, staged: Staged, path: string): Promise<Manifest> {
  const found = await readManifest(store, staged.staging);
  if (!found) {
    if ((await store.list(staged.staging)).length > 0) throw wrong(staged, path, `has no ${MANIFEST}, or one that is none`);
    throw new HeddleError('HDL-STAGING-GONE', { what: `${staged.staging} is not there any more.`, where: `${staged.dataset} ${path}` });
  }
  const { manifest, digest } = found;
  if (digest !== staged.manifestDigest) throw wrong(staged, path, 'is not what the step staged: its manifest is another one');
  const rows = manifest.files.reduce((sum, file) => sum + file.rows, 0);
  if (rows !== manifest.rows) throw wrong(staged, path, `has files of ${rows} rows, and its manifest says ${manifest.rows}`);
  return manifest;
}

/** Throws HDL-MANIFEST when a file is lost, added or of another size. */
export async function checkFiles(store: Store, staged: Staged, path: string, manifest: Manifest): Promise<void> {
  const sizes = new Map((await store.list(staged.staging)).map((entry) => [nameOfUri(entry.uri), entry.bytes]));
  for (const file of manifest.files) {
    const bytes = sizes.get(file.name);
    if (bytes !== file.bytes)
      throw wrong(staged, path, bytes === undefined ? `has lost ${file.name}` : `has ${bytes} bytes in ${file.name}, and its manifest says ${file.bytes}`);
    sizes.delete(file.name);
  }
  if (!sizes.delete(SUCCESS)) throw wrong(staged, path, `has no ${SUCCESS}`);
  if (!sizes.delete(MANIFEST)) throw wrong(staged, path, `has no ${MANIFEST}`);
  sizes.delete(GENERATION);
  if (sizes.size > 0) throw wrong(staged, path, `has ${[...sizes.keys()].join(', ')}, which its manifest does not name`);
}

const wrong = ({ dataset, staging }: Staged, path: string, what: string): HeddleError =>
  new HeddleError('HDL-MANIFEST', {
    what: `${staging} ${what}.`,
    where: `${dataset} ${path}`,
    why: 'A partition is published as it was staged, or not at all.',
  });
