/**
 * What the interpreter knows of each step beside the core: times, attempts, who ran it, what it waits for. One small object
 * for a step that was started; nothing for the others. Sandbox.
 */
import type { AttemptMeta } from '../../dsl/contract/step.ts';
import type { WorkScope } from './work-scope.ts';

export type LogKind = 'task' | 'gate' | 'wait' | 'pipeline' | 'workflow' | 'chunk' | 'join';

export interface StepLog {
  readonly step: string;
  readonly kind: LogKind;
  queuedAt: number;
  endedAt: number | null;
  /** Attempts of the rounds before this one. */
  earlier: number;
  meta: AttemptMeta | null;
  waitingFor: string | null;
  /** A state that the core does not know. */
  overlay: 'publishing' | 'abandoned' | null;
  /** Set while it is open. */
  scope: WorkScope | null;
  onEnd: (() => void) | null;
}

export class Journal {
  private readonly before: Readonly<Record<string, number>>;
  readonly logs = new Map<string, StepLog>();
  readonly open = new Map<string, StepLog>();
  publishing = 0;
  readonly abandoned: string[] = [];
  private newest: AttemptMeta | null = null;

  /** `before`: attempts that steps had in workflows before this one. */
  constructor(before: Readonly<Record<string, number>>) {
    this.before = before;
  }

  begin(step: string, kind: LogKind, scope: WorkScope, now: number): StepLog {
    const before = this.logs.get(step);
    if (before?.scope) this.end(before, now); // a newer plan asks for it again
    const log: StepLog = {
      step,
      kind,
      queuedAt: before?.queuedAt ?? now,
      endedAt: null,
      earlier: before ? attemptsOf(before) : (this.before[step] ?? 0),
      meta: null,
      waitingFor: null,
      overlay: null,
      scope,
      onEnd: null,
    };
    this.logs.set(step, log);
    this.open.set(step, log);
    scope.begin();
    return log;
  }

  /** False when the step has ended before: its answer comes too late. */
  end(log: StepLog, now: number): boolean {
    if (!log.scope) return false;
    log.scope.end();
    log.scope = null;
    log.endedAt = now;
    log.waitingFor = null;
    this.publish(log, false);
    this.open.delete(log.step);
    log.onEnd?.();
    return true;
  }

  attempts(step: string): number {
    const log = this.logs.get(step);
    return log ? attemptsOf(log) : (this.before[step] ?? 0);
  }

  /** Takes the meta of an attempt. Most steps of a run have the same worker and code: their names are kept once. */
  setMeta(log: StepLog, meta: AttemptMeta | null): void {
    const { newest } = this;
    if (meta && newest) {
      const own = meta as { -readonly [K in keyof AttemptMeta]: AttemptMeta[K] };
      if (meta.worker === newest.worker) own.worker = newest.worker;
      if (meta.codeDigest !== undefined && meta.codeDigest === newest.codeDigest) own.codeDigest = newest.codeDigest;
    }
    log.meta = meta;
    if (meta) this.newest = meta;
  }

  publish(log: StepLog, on: boolean): void {
    if ((log.overlay === 'publishing') === on || log.overlay === 'abandoned') return;
    log.overlay = on ? 'publishing' : null;
    this.publishing += on ? 1 : -1;
  }

  abandon(log: StepLog): void {
    log.overlay = 'abandoned';
    this.abandoned.push(log.step);
  }
}

export const attemptsOf = (log: StepLog): number => log.earlier + (log.meta?.attempt ?? (log.kind === 'task' && log.endedAt !== null ? 1 : 0));
