/** Names that fit Temporal's limits: SQL stores take ids of 255 bytes, so longer ones are cut and end in a hash. Sandbox. */

export const MAX_ID_BYTES = 200;

export function shortId(id: string): string {
  if (id.length * 3 <= MAX_ID_BYTES || utf8Bytes(id) <= MAX_ID_BYTES) return id;
  const hash = hashOf(id);
  let cut = id.slice(0, MAX_ID_BYTES - hash.length - 1);
  while (utf8Bytes(cut) > MAX_ID_BYTES - hash.length - 1) cut = cut.slice(0, -1);
  return `${cut}~${hash}`;
}

export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += 3;
  }
  return bytes;
}

/** 64 bits of FNV-1a as 16 hex digits; the sandbox has no crypto, and this guards against no enemy. */
function hashOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) hash = ((hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, '0');
}

/** 'flights.train@3' -> its parts. */
export function nameAndVersion(task: string): readonly [string, string] {
  const at = task.lastIndexOf('@');
  return at < 0 ? [task, ''] : [task.slice(0, at), task.slice(at + 1)];
}

/** Temporal takes 400 bytes. */
export const summaryOf = (text: string): string => (text.length > 130 ? `${text.slice(0, 127)}...` : text);

/** Id of an activity of the run, unique in its workflow. */
export const activityIdOf = (run: { readonly idPrefix?: string }, id: string): string => shortId(`${run.idPrefix ?? ''}${id}`);
