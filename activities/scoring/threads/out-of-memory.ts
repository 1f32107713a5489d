/** Errors that a smaller batch may not have: V8 or ONNX Runtime was refused memory, or a size no longer fits into a number. Scoring threads. */
const WORDS =
  /Array buffer allocation failed|Invalid (typed )?array (buffer )?length|out of memory|bad_alloc|bad allocation|Failed to allocate|allocation failed|Integer overflow/i;

export const isOutOfMemory = (error: unknown): boolean => error instanceof Error && WORDS.test(error.message);
