/** Reads places in authors' files out of stack traces. For the loader and the traps. */
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Frame {
  /** Absolute path, or a name such as 'node:fs'. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/|node:)?[^()\s][^()]*?):(\d+):(\d+)\)?$/;

export function framesOf(error: unknown): Frame[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack.split('\n').flatMap((text) => {
    const found = FRAME.exec(text);
    return found ? [{ file: pathOf(String(found[1])), line: Number(found[2]), column: Number(found[3]) }] : [];
  });
}

/** A project's own file: below its folder and no dependency. */
export const isOwnFile = (file: string, folder: string): boolean => file.startsWith(folder + sep) && !file.includes(`${sep}node_modules${sep}`);

/** 'file:line:column' of the first frame in the project's own files. */
export function ownPlace(frames: readonly Frame[], folder: string, except: (file: string) => boolean = () => false): string | null {
  const frame = frames.find(({ file }) => isOwnFile(file, folder) && !except(file));
  return frame ? `${frame.file}:${frame.line}:${frame.column}` : null;
}

/** Syntax errors name their place in the first lines of the stack: 'file:3', a line or two of source, and carets below it. */
export function syntaxPlace(error: unknown): string | null {
  const [head = '', ...lines] = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  const found = /^(.+):(\d+)$/.exec(head);
  if (!found) return null;
  const column = (lines.slice(0, 4).find((line) => /^\s*\^+\s*$/.test(line)) ?? '').indexOf('^') + 1;
  return `${pathOf(String(found[1]))}:${found[2]}${column > 0 ? `:${column}` : ''}`;
}

const pathOf = (file: string): string => (file.startsWith('file://') ? fileURLToPath(file.replace(/\?.*$/, '')) : file);
