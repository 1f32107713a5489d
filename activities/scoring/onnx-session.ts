/**
 * Sessions of ONNX Runtime, one a model digest, kept for the life of the worker (opening one costs 20 ms and memory).
 * Worker side; the native library is loaded on first use only.
 */
import type { InferenceSession } from 'onnxruntime-node';

const sessions = new Map<string, Promise<InferenceSession>>();

/** `load` gives the bytes of model.onnx; it is called once a digest. One thread: a worker runs several steps beside each other. */
export function onnxSession(digest: string, load: () => Promise<Uint8Array>): Promise<InferenceSession> {
  const known = sessions.get(digest);
  if (known) return known;
  const opened = open(load).catch((error: unknown) => {
    sessions.delete(digest); // the next attempt tries anew
    throw error;
  });
  sessions.set(digest, opened);
  return opened;
}

async function open(load: () => Promise<Uint8Array>): Promise<InferenceSession> {
  const { InferenceSession } = await import('onnxruntime-node');
  return InferenceSession.create(await load(), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
}
