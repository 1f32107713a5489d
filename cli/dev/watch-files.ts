/** Watches a project's folder for changes of its own files; many in a row are told as one. */
import { watch, type FSWatcher } from 'node:fs';
import { sep } from 'node:path';

const QUIET_MS = 120;
const IGNORED = /(^|\/)(node_modules|\.heddle|\.git|dist|heddle\.lock|\.[^/]*\.sw.|4913)(\/|$)|~$/;
const WATCHED = /\.([cm]?[tj]sx?|json|py|sql|sh)$/;

/** `onChange` gets the changed paths, relative to the folder. Gives a function that ends it. */
export function watchFiles(folder: string, onChange: (files: readonly string[]) => void, ignored: (file: string) => boolean = () => false): () => void {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const watcher: FSWatcher = watch(folder, { recursive: true, persistent: false }, (_event, name) => {
    if (name === null) return;
    const file = name.split(sep).join('/');
    if (IGNORED.test(file) || !WATCHED.test(file) || ignored(file)) return;
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const files = [...changed].sort();
      changed.clear();
      onChange(files);
    }, QUIET_MS);
  });
  watcher.on('error', () => undefined); // a folder that went away while it was looked at
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
