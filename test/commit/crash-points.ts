/** A store whose process dies at a named point of the commit: from then on nothing that it does happens. Tests only. */
import type { Store } from '../../storage/store.ts';
import { nameOfUri } from '../../storage/uri.ts';

export type Point =
  | 'write'
  | 'manifest'
  | 'marker'
  | 'check'
  | 'number'
  | 'intent'
  | 'rename away'
  | 'rename in'
  | 'intent removed'
  | 'staging removed'
  // of the server: the run's record is about to be written to the catalog; it is, and its copy is written to the store
  | 'record'
  | 'run file'
  // of a pin
  | 'checksum';
/** Of the worker that stages and publishes. */
export const POINTS: readonly Point[] = [
  'write',
  'manifest',
  'marker',
  'check',
  'number',
  'intent',
  'rename away',
  'rename in',
  'intent removed',
  'staging removed',
];

export class Killed extends Error {}

/** Which point a call is; null: none. */
export function pointOf(call: 'read' | 'list' | 'write' | 'rename' | 'remove' | 'checksum', uri: string): Point | null {
  const name = nameOfUri(uri);
  const isStaging = uri.includes('/.heddle/staging/');
  switch (call) {
    case 'list':
      return isStaging ? 'check' : null;
    case 'write':
      if (name === '_generation.json') return 'number';
      if (name === '_manifest.json') return 'manifest';
      if (name === '_SUCCESS') return 'marker';
      if (name.startsWith('intent-')) return 'intent';
      if (/\/runs\/[^/]+\.json$/.test(uri)) return 'run file';
      return isStaging ? 'write' : null;
    case 'rename':
      return isStaging ? 'rename in' : 'rename away';
    case 'remove':
      if (name.startsWith('intent-')) return 'intent removed';
      // the whole of a run's staging, at its end: what heddle.record does first
      if (/\/\.heddle\/staging\/[^/]+$/.test(uri)) return 'record';
      return isStaging ? 'staging removed' : null;
    case 'checksum':
      return 'checksum';
    default:
      return null;
  }
}

export function dying(store: Store, point: Point, when: 'before' | 'after'): { readonly store: Store; readonly died: () => boolean } {
  let dead = false;
  const step = async <T>(call: Parameters<typeof pointOf>[0], uri: string, work: () => Promise<T>): Promise<T> => {
    if (dead) throw new Killed();
    if (pointOf(call, uri) !== point) return work();
    if (when === 'after') await work();
    dead = true;
    throw new Killed();
  };
  return {
    died: () => dead,
    store: {
      ...store,
      read: (uri, options) => step('read', uri, () => store.read(uri, options)),
      stat: (uri) => step('read', uri, () => store.stat(uri)),
      list: (uri) => step('list', uri, () => store.list(uri)),
      write: (uri, content) => step('write', uri, () => store.write(uri, content)),
      renameFolder: (from, to) => step('rename', from, () => store.renameFolder(from, to)),
      remove: (uri, options) => step('remove', uri, () => store.remove(uri, options)),
    },
  };
}
