/**
 * The watchdog's thread. It asks the blocked main thread, through the inspector, which step's code it is in and where; a
 * loop in native code does not answer, and then every step that runs is a suspect.
 */
import { writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { writeLost } from './lost-attempts.ts';
import type { RunningStep } from './running-steps.ts';
import { BEAT, COUNT, LIMIT, STALLED_EXIT, type RunningAnswer, type WatchdogData } from './watchdog.ts';

const { shared, stateFolder, worker, tickMs } = workerData as WatchdogData; // given by watchdog.ts
const cells = new BigInt64Array(shared);
/** As of the last beat. */
let running: readonly RunningStep[] = [];
parentPort?.on('message', (steps: readonly RunningStep[]) => {
  running = steps;
});

let lastLook = Date.now();
let busy = false;
setInterval(() => {
  const now = Date.now();
  const slept = now - lastLook > 5 * tickMs; // the whole process stood still (a suspended machine): nobody is to blame
  lastLook = now;
  if (slept || busy || Atomics.load(cells, COUNT) === 0n) return;
  const limit = Number(Atomics.load(cells, LIMIT));
  const lastBeat = Atomics.load(cells, BEAT);
  const silentMs = now - Number(lastBeat);
  if (silentMs <= limit) return;
  busy = true;
  void findCulprit().then((found) => {
    // it beat once more before it answered: a busy machine, or work that has come to its end
    if (Atomics.load(cells, BEAT) === lastBeat) return end(found, silentMs);
    busy = false;
    found.release();
  });
}, tickMs);

interface Culprit {
  readonly step: RunningStep | null;
  /** All that run, where the thread answers; else as of its last beat. */
  readonly suspects: readonly RunningStep[];
  readonly place: string | null;
  /** Runs an expression in the blocked thread, where it answers. */
  readonly evaluate: ((expression: string) => void) | null;
  /** Lets the thread go on. */
  release(): void;
}

function end({ step, suspects, place, evaluate }: Culprit, silentMs: number): void {
  const culprit = step ?? (suspects.length === 1 ? suspects[0] : undefined);
  const seconds = Math.round(silentMs / 100) / 10;
  const what = `blocked its worker for ${seconds} s${place === null ? '' : ` at ${place}`}`;
  const names = culprit ? `Step ${culprit.step} (task ${culprit.task}, run ${culprit.runId})` : `One of ${suspects.map((suspect) => suspect.step).join(', ')}`;
  writeLost(stateFolder, {
    worker,
    at: Date.now(),
    what,
    steps: suspects.map((suspect) => ({ ...suspect, culprit: culprit === undefined || culprit.token === suspect.token })),
  });
  writeSync(
    2,
    `${JSON.stringify({ level: 'fatal', at: Date.now(), code: 'HDL-LOOP-BLOCKED', worker, text: `${names} ${what}. The worker ends and starts again.` })}\n`,
  );
  // A thread cannot end the process with a code of its own; the main thread can be made to, unless it is in native code.
  evaluate?.(`process.reallyExit(${STALLED_EXIT})`);
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), evaluate ? 1_000 : 0);
}

/** Gives up after ten seconds: native code does not answer. */
function findCulprit(): Promise<Culprit> {
  return new Promise((resolve) => {
    const session = new Session();
    const giveUp = setTimeout(() => {
      resolve({ step: null, suspects: running, place: null, evaluate: null, release });
    }, 10_000);
    const release = (): void => session.disconnect();
    session.connectToMainThread();
    const files = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params }) => {
      if (params.url.startsWith('file:') && !params.url.includes('/node_modules/')) files.set(params.scriptId, fileURLToPath(params.url));
    });
    session.on('Debugger.paused', ({ params }) => {
      const frame = params.callFrames[0];
      const own = params.callFrames.find(({ location }) => files.has(location.scriptId));
      const place = own ? `${files.get(own.location.scriptId)}:${own.location.lineNumber + 1}` : null;
      if (!frame) return;
      const evaluate = (expression: string, then?: (value: unknown) => void): void => {
        session.post('Debugger.evaluateOnCallFrame', { callFrameId: frame.callFrameId, expression }, (_error, answer) => {
          then?.(answer?.result.value);
        });
      };
      evaluate("globalThis[Symbol.for('heddle.currentStep')]?.() ?? 'null'", (text) => {
        clearTimeout(giveUp);
        const answer = typeof text === 'string' ? (JSON.parse(text) as RunningAnswer | null) : null; // made by watchdog.ts
        resolve({ step: answer?.current ?? null, suspects: answer?.running ?? running, place, evaluate, release });
      });
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  });
}
