/**
 * A page of a backfill: runs its cells, as many at once as the root grants, and writes their outcomes in parts of many. Tells
 * the root of slots that it has no cell for any more, so that the next page gets them at once. Workflow type 'heddle.cells'.
 * Sandbox.
 */
import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { backfillMessages, type CellsInput, type OpenedCell, type OpenedPage, type PageOrder, type PageReport } from '../../dsl/contract/backfill.ts';
import { backfillCall } from './backfill-call.ts';
import { messages, type LiveState } from '../../dsl/contract/run.ts';
import { EMPTY_STATE } from '../driver/live-state.ts';
import { Batches } from './batches.ts';
import { CellRun } from './cell-run.ts';
import { Ledger } from './ledger.ts';

/** Distributes over the members of the union. */
type Told = PageReport extends infer R ? (R extends PageReport ? Omit<R, 'page' | 'token'> : never) : never;

interface LiveQuery {
  readonly runId?: string;
  readonly offset: number;
  readonly limit: number;
}

export async function runCells(input: CellsInput): Promise<void> {
  const page = new Page(input);
  const root = CancellationScope.current();
  root.cancelRequested.catch(() => {
    page.order({ type: 'cancel' });
  });
  return CancellationScope.nonCancellable(() => page.run());
}

class Page {
  private readonly input: CellsInput;
  private readonly ledger: Ledger;
  private readonly batches = new Batches();
  private slots: number;
  private held: boolean;
  private cancelled = false;
  private opened: OpenedPage | null = null;
  private waiting: OpenedCell[] = [];
  private readonly running = new Map<number, CellRun>();
  /** Cells of this page that have ended: true where they are done. */
  private readonly ended = new Map<number, boolean>();
  private lastStart = 0;
  private failuresInARow = 0;

  constructor(input: CellsInput) {
    this.input = input;
    this.slots = input.slots;
    this.held = input.held;
    this.ledger = new Ledger(input);
    setHandler(defineSignal<[PageOrder]>(backfillMessages.order), (order) => {
      this.order(order);
    });
    setHandler(defineQuery<LiveState, [LiveQuery]>(messages.state), (query) => this.live(query));
  }

  /** Of one cell's run, as a run's own workflow would say it. */
  private live({ runId, ...page }: LiveQuery): LiveState {
    for (const run of this.running.values()) if (run.runId === runId) return run.live(page) ?? EMPTY_STATE;
    return EMPTY_STATE;
  }

  order(order: PageOrder): void {
    switch (order.type) {
      case 'grant':
        this.slots += order.slots;
        return;
      case 'hold':
        this.held = true;
        return;
      case 'go':
        this.held = false;
        this.failuresInARow = 0;
        return;
      case 'cancel':
        this.cancelled = true;
        this.waiting = [];
        this.batches.cancel();
        for (const run of this.running.values()) run.cancel();
    }
  }

  async run(): Promise<void> {
    const { project, backfill, page } = this.input;
    this.opened = await backfillCall(project, 'heddle.open_cells', { project, backfill, page, workflowId: workflowInfo().workflowId }, `open page ${page}`);
    if (!this.cancelled) this.waiting = [...this.opened.cells];
    const inPage = new Set(this.opened.cells.map(({ cell }) => cell));
    this.waiting = this.waiting.map((cell) => ({ ...cell, needs: cell.needs.filter((need) => inPage.has(need)) }));
    for (;;) {
      this.startReady();
      this.block();
      await this.release();
      if (this.running.size === 0 && this.waiting.length === 0) break;
      await condition(() => this.hasWork());
      this.ledger.flush();
      await this.stopIfTold();
    }
    await this.ledger.flushAll();
    await this.stopIfTold();
    await this.tell({ type: 'ended' });
  }

  private hasWork(): boolean {
    return (
      this.settleEnded() ||
      this.ledger.isDue ||
      this.ledger.hasPause ||
      this.surplus() > 0 ||
      this.nextReady() !== undefined ||
      (this.cancelled && this.running.size === 0) ||
      this.waiting.some((cell) => this.isBlocked(cell))
    );
  }

  /** Takes those that have ended out of the running ones. True if there were any. */
  private settleEnded(): boolean {
    let any = false;
    for (const [cell, run] of this.running) {
      const outcome = run.ended;
      if (!outcome) continue;
      this.running.delete(cell);
      this.ended.set(cell, outcome.status === 'done');
      this.ledger.add(outcome, run.history);
      this.failuresInARow = outcome.status === 'failed' ? this.failuresInARow + 1 : 0;
      const { inARow } = this.input.breaker;
      if (inARow !== null && this.failuresInARow >= inARow && !this.held) {
        this.held = true; // at once; the root tells the other pages
        this.ledger.urge();
      }
      any = true;
    }
    if (any) this.show();
    return any;
  }

  private startReady(): void {
    for (let next = this.nextReady(); next; next = this.nextReady()) {
      this.waiting.splice(this.waiting.indexOf(next), 1);
      this.lastStart = Date.now();
      if (this.opened) this.running.set(next.cell, new CellRun(this.input, this.opened, next, this.batches));
      if (this.input.gapMs > 0) void sleep(this.input.gapMs); // wakes the page up for the next start
    }
  }
  private nextReady(): OpenedCell | undefined {
    if (this.held || this.cancelled || this.running.size >= this.slots) return undefined;
    if (this.input.gapMs > 0 && Date.now() < this.lastStart + this.input.gapMs) return undefined;
    return this.waiting.find(({ needs }) => needs.every((need) => this.ended.get(need)));
  }
  private isBlocked({ needs }: OpenedCell): boolean {
    return needs.some((need) => this.ended.get(need) === false);
  }
  /** What needs a cell that failed does not run. */
  private block(): void {
    for (let blocked = this.waiting.find((cell) => this.isBlocked(cell)); blocked; blocked = this.waiting.find((cell) => this.isBlocked(cell))) {
      const { cell } = blocked;
      this.waiting.splice(this.waiting.indexOf(blocked), 1);
      this.ended.set(cell, false);
      this.ledger.add({ cell, status: 'blocked', runId: null, failure: null, startedAt: null, endedAt: Date.now(), slotMs: {} }, null);
    }
  }

  /** Slots for which there is no cell any more. */
  private surplus(): number {
    return this.slots - this.running.size - this.waiting.length;
  }
  private async release(): Promise<void> {
    const slots = Math.min(this.surplus(), this.slots);
    if (slots <= 0) return;
    this.slots -= slots;
    await this.tell({ type: 'released', slots });
  }
  private async stopIfTold(): Promise<void> {
    const why = this.ledger.takePause();
    if (why === null) return;
    this.held = true;
    await this.tell({ type: 'stop', why });
  }
  private async tell(what: Told): Promise<void> {
    const { page, token, root } = this.input;
    try {
      await getExternalWorkflowHandle(root).signal(defineSignal<[PageReport]>(backfillMessages.report), { page, token, ...what });
    } catch {
      return; // the root is gone: what the catalog has is what there is
    }
  }

  private show(): void {
    setCurrentDetails(
      `page ${this.input.page} of backfill \`${this.input.backfill}\`: ${this.running.size} running, ${this.waiting.length} waiting, ${this.ended.size} ended`,
    );
  }
}
