/**
 * Watches a project's folder for changes of its own files; many in a row are told as one. One watcher a folder: Node's own
 * recursive watching loses a file on Linux when an editor replaces it by a rename.
 */
import { readdirSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

const QUIET_MS = 120;
const IGNORED_FOLDERS = new Set(['node_modules', 'dist', '__pycache__']);
const WATCHED = /^[^.].*\.([cm]?[tj]sx?|json|py|sql|sh)$/;

/** `onChange` gets the changed paths, relative to the folder. Gives a function that ends it. */
export function watchFiles(folder: string, onChange: (files: readonly string[]) => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const note = (file: string): void => {
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const files = [...changed].sort();
      changed.clear();
      onChange(files);
    }, QUIET_MS);
  };

  /** `found`: this folder is new, so its files are changes. */
  const enter = (relative: string, found: boolean): void => {
    if (watchers.has(relative)) return;
    let watcher: FSWatcher;
    try {
      watcher = watch(join(folder, relative), { persistent: false });
    } catch {
      return; // gone again, or not a folder
    }
    watchers.set(relative, watcher);
    const leave = (): void => {
      watcher.close();
      watchers.delete(relative);
    };
    watcher.on('error', leave);
    watcher.on('change', (event, name) => {
      const entry = String(name);
      const path = relative === '' ? entry : `${relative}/${entry}`;
      if (WATCHED.test(entry)) note(path);
      else if (event === 'rename') {
        if (entry === relative.split('/').at(-1) && !isFolder(join(folder, relative))) leave();
        else if (isFolder(join(folder, path)) && !skips(entry)) enter(path, true);
      }
    });
    for (const entry of readdirSync(join(folder, relative), { withFileTypes: true })) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory() && !skips(entry.name)) enter(path, found);
      else if (found && entry.isFile() && WATCHED.test(entry.name)) note(path);
    }
  };
  enter('', false);
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  };
}

const skips = (name: string): boolean => name.startsWith('.') || IGNORED_FOLDERS.has(name);

function isFolder(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}
