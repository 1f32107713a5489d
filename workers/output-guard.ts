/** Keeps secrets out of what a task prints past its log: console and the process's own streams. Worker processes only. */
import type { Redactor } from '../activities/step/redactor.ts';

/** Undoes it. Text is looked at a write at a time; a secret that goes over two writes is in neither (redactor.piece). */
export function guardOutput(redactor: Redactor): () => void {
  const undo = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write.bind(stream);
    const guarded = (chunk: string | Uint8Array, ...rest: never[]): boolean => write(clean(redactor, chunk), ...rest);
    stream.write = guarded as typeof stream.write; // both of its overloads end in the same call
    return () => {
      stream.write = write;
    };
  });
  return () => {
    for (const step of undo) step();
  };
}

function clean(redactor: Redactor, chunk: string | Uint8Array): string | Uint8Array {
  if (typeof chunk === 'string') return redactor.piece(chunk);
  const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('utf8');
  const said = redactor.piece(text);
  return said === text ? chunk : said; // bytes that are no text stay as they are
}
