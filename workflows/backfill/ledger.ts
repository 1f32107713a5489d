/** Outcomes of a page's cells on their way to the catalog, many at once: a hundred, or what there is after some seconds. Sandbox. */
import { sleep } from '@temporalio/workflow';
import type { CellOutcome, CellsInput, RecordCellsCall } from '../../dsl/contract/backfill.ts';
import { backfillCall } from './backfill-call.ts';

export type CellHistory = RecordCellsCall['histories'][number];

const PART_CELLS = 100;
const PART_BYTES = 512 * 1024;
const WAIT_MS = 5_000;

export class Ledger {
  private readonly input: CellsInput;
  private outcomes: CellOutcome[] = [];
  private histories: CellHistory[] = [];
  private bytes = 0;
  private part = 0;
  private due = false;
  private timer = false;
  private writing: Promise<void> | null = null;
  private pause: string | null = null;

  constructor(input: CellsInput) {
    this.input = input;
  }

  add(outcome: CellOutcome, history: CellHistory | null): void {
    this.outcomes.push(outcome);
    if (history) {
      this.histories.push(history);
      this.bytes += history.steps.length * 500;
    }
    if (this.outcomes.length >= PART_CELLS || this.bytes >= PART_BYTES) this.due = true;
    else if (!this.timer) {
      this.timer = true;
      void sleep(WAIT_MS).then(() => {
        this.timer = false;
        this.due = this.outcomes.length > 0;
      });
    }
  }
  /** Not to wait for more. */
  urge(): void {
    this.due = this.outcomes.length > 0;
  }
  /** Something can be written. */
  get isDue(): boolean {
    return this.due && this.writing === null;
  }
  /** Why the backfill is to stop, as the catalog said; once. */
  takePause(): string | null {
    const { pause } = this;
    this.pause = null;
    return pause;
  }
  get hasPause(): boolean {
    return this.pause !== null;
  }

  /** Begins to write what is due; cells go on starting meanwhile. */
  flush(): void {
    if (!this.isDue) return;
    this.writing = this.write().finally(() => {
      this.writing = null;
    });
  }
  /** All of it, to the end. */
  async flushAll(): Promise<void> {
    await this.writing;
    await this.write();
  }

  private async write(): Promise<void> {
    this.due = false;
    if (this.outcomes.length === 0) return;
    const { outcomes, histories } = this;
    this.outcomes = [];
    this.histories = [];
    this.bytes = 0;
    const { project, backfill, page, token } = this.input;
    const call = { project, backfill, page, part: `${token}/${this.part++}`, outcomes, histories };
    const { pause } = await backfillCall(project, 'heddle.record_cells', call, `${outcomes.length} cells`);
    this.pause = pause ?? this.pause;
  }
}
