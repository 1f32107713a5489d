/**
 * Where in an author's file a call stands, from the stack. Positions are those of the source: Node's type stripping keeps
 * them. Used by the recorder only.
 */

/** 'file:///a/b.ts:3:14' -> parts, of the first frame that is not ours. */
const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/)?[^()\s][^()]*?):(\d+):(\d+)\)?$/;

/** Folder of this library, by the place of this very module. */
const ownFolder = ((): string => {
  const file = framesOf(new Error())[0]?.file ?? '';
  const at = file.search(/plan[\\/]place\.[cm]?[tj]s$/);
  return at < 0 ? '' : file.slice(0, at);
})();

function framesOf(error: Error): { file: string; line: string; column: string }[] {
  const frames = [];
  for (const line of (error.stack ?? '').split('\n')) {
    const found = FRAME.exec(line);
    if (!found) continue;
    const [, file, row, column] = found;
    frames.push({
      file: decodeURI(
        String(file)
          .replace(/^file:\/\//, '')
          .replace(/\?.*$/, ''),
      ),
      line: String(row),
      column: String(column),
    });
  }
  return frames;
}

/** Absolute place of the nearest caller outside of this library; null where the stack does not say. */
export function callerPlace(): string | null {
  if (ownFolder === '') return null;
  const frame = framesOf(new Error()).find((f) => !f.file.startsWith(ownFolder) && !f.file.startsWith('node:'));
  return frame ? `${frame.file}:${frame.line}:${frame.column}` : null;
}

/** Relative to a root folder where it lies below it, with forward slashes. */
export function relativePlace(place: string, root: string | undefined): string {
  const slashed = place.replaceAll('\\', '/');
  if (root === undefined) return slashed;
  const folder = root
    .replace(/^file:\/\//, '')
    .replaceAll('\\', '/')
    .replace(/\/?$/, '/');
  return slashed.startsWith(folder) ? slashed.slice(folder.length) : slashed;
}

/** Where an author's code threw; null where the stack does not say. */
export function placeOfError(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const frame = framesOf(error).find((f) => ownFolder === '' || (!f.file.startsWith(ownFolder) && !f.file.startsWith('node:')));
  return frame ? `${frame.file}:${frame.line}:${frame.column}` : null;
}
