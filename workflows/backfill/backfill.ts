/**
 * The root of a backfill. It has exactly as many slots as cells may run at once, gives them to the pages of the plan in order,
 * and takes them back where a page has no cell for one. Pages are workflows of their own that outlive this one's
 * continue-as-new and report by signal; one that is closed without a word is found by a look at Temporal each minute. Workflow
 * type 'heddle.backfill'. Sandbox.
 */
import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
  allHandlersFinished,
} from '@temporalio/workflow';
import {
  backfillMessages,
  CELLS_WORKFLOW,
  type BackfillControl,
  type BackfillInput,
  type BackfillLive,
  type CellsInput,
  type PageOfPlan,
  type PageOrder,
  type PageReport,
} from '../../dsl/contract/backfill.ts';
import type { ControlAnswer } from '../../dsl/contract/run.ts';
import type { Json } from '../../dsl/plan/types.ts';
import { backfillAttributes } from '../driver/search-attributes.ts';
import { backfillCall } from './backfill-call.ts';

export async function runBackfill(input: BackfillInput): Promise<void> {
  const root = new Root(input);
  const scope = CancellationScope.current();
  scope.cancelRequested.catch(() => {
    root.control({ kind: 'cancel' });
  });
  return CancellationScope.nonCancellable(() => root.run());
}

interface OpenPage {
  readonly token: string;
  slots: number;
  /** It gave slots back: it has no cell for more. */
  full: boolean;
}
interface RootCarry {
  readonly open: Readonly<Record<string, OpenPage>>;
  readonly paused: string | null;
  readonly cancelled: boolean;
  readonly tokens: number;
}

/** Slots of one page: its workflow takes one message at a time. */
const PAGE_SLOTS = 25;
const CHECK_MS = 60_000;
const HISTORY_EVENTS = 4_000;

class Root {
  private readonly input: BackfillInput;
  private readonly open: Map<number, OpenPage>;
  private paused: string | null;
  private cancelled: boolean;
  /** Outside of its window of time. */
  private closed = false;
  private pages: readonly PageOfPlan[] = [];
  private readonly ended = new Set<number>();
  private reports: PageReport[] = [];
  private orders: { readonly page: number; readonly order: PageOrder }[] = [];
  private states: { readonly state: 'running' | 'paused' | 'cancelling'; readonly why: string | null }[] = [];
  private checkDue = false;
  private tokens: number;
  private started = 0;

  constructor(input: BackfillInput) {
    this.input = input;
    const carry = (input.carry ?? null) as unknown as RootCarry | null; // written below
    this.open = new Map(Object.entries(carry?.open ?? {}).map(([page, open]) => [Number(page), { ...open }]));
    this.paused = carry?.paused ?? null;
    this.cancelled = carry?.cancelled ?? false;
    this.tokens = carry?.tokens ?? 0;
    setHandler(defineUpdate<ControlAnswer, [BackfillControl]>(backfillMessages.control), (message) => this.control(message));
    setHandler(defineSignal<[PageReport]>(backfillMessages.report), (report) => void this.reports.push(report));
    setHandler(defineQuery<BackfillLive>(backfillMessages.state), () => this.live());
  }

  control(message: BackfillControl): ControlAnswer {
    if (this.cancelled) return message.kind === 'cancel' ? { ok: true } : { ok: false, code: 'HDL-BACKFILL-STATE', why: 'the backfill is being cancelled' };
    switch (message.kind) {
      case 'pause':
        this.pause(message.why);
        return { ok: true };
      case 'resume':
        this.paused = null;
        this.states.push({ state: 'running', why: null });
        if (!this.closed) this.orderAll({ type: 'go' });
        return { ok: true };
      case 'cancel':
        this.cancelled = true;
        this.states.push({ state: 'cancelling', why: null });
        this.orderAll({ type: 'cancel' });
        return { ok: true };
    }
  }

  async run(): Promise<void> {
    const { project, backfill, rules } = this.input;
    const { pages, ended } = await backfillCall(project, 'heddle.backfill_pages', { project, backfill }, 'the pages of the plan');
    this.pages = pages;
    for (const page of ended) if (!this.open.has(page)) this.ended.add(page);
    if (rules.window) void this.watchWindow(rules.window);
    void this.remindToCheck();
    for (;;) {
      this.hear();
      this.give();
      await this.send();
      if (this.isOver) break;
      if (this.checkDue) await this.check();
      if (this.mustContinue()) return this.continue();
      this.show();
      await condition(
        () =>
          this.reports.length > 0 || this.orders.length > 0 || this.states.length > 0 || this.checkDue || this.canGive() || this.isOver || this.mustContinue(),
      );
    }
    await condition(allHandlersFinished);
    await backfillCall(project, 'heddle.finish_backfill', { project, backfill, cancelled: this.cancelled }, 'the report', 600_000);
  }

  private get isOver(): boolean {
    return this.open.size === 0 && this.reports.length === 0 && (this.cancelled || this.ended.size >= this.pages.length);
  }

  // ---- slots ----

  private get used(): number {
    let used = 0;
    for (const { slots } of this.open.values()) used += slots;
    return used;
  }
  private get free(): number {
    return this.input.rules.concurrency - this.used;
  }
  /** A page that has cells for more slots, or the next one that may begin. */
  private target(): { readonly page: number; readonly open: OpenPage | null } | null {
    if (this.free <= 0 || this.cancelled) return null;
    for (const [page, open] of this.open) if (!open.full && open.slots < this.most(page)) return { page, open };
    if (this.paused !== null || this.closed) return null;
    if (this.input.rules.rate && this.open.size > 0) return null; // one page after the other keeps to the rate
    const next = this.pages.find(({ page, after }) => !this.open.has(page) && !this.ended.has(page) && after.every((one) => this.ended.has(one)));
    return next ? { page: next.page, open: null } : null;
  }
  /** Slots that a page takes: more where its cells go many to an activity. */
  private most(page: number): number {
    return Math.max(PAGE_SLOTS, this.pages[page]?.batch ?? 1);
  }
  private canGive(): boolean {
    return this.target() !== null;
  }
  private give(): void {
    for (let target = this.target(); target; target = this.target()) {
      const slots = Math.min(this.free, this.most(target.page) - (target.open?.slots ?? 0));
      if (target.open) {
        target.open.slots += slots;
        this.orders.push({ page: target.page, order: { type: 'grant', slots } });
      } else this.begin(target.page, slots);
    }
  }
  private begin(page: number, slots: number): void {
    const { project, backfill, rules } = this.input;
    const { workflowId } = workflowInfo();
    const token = String(this.tokens++);
    this.open.set(page, { token, slots, full: false });
    this.started++;
    const input: CellsInput = {
      project,
      backfill,
      page,
      slots,
      held: false,
      gapMs: rules.rate ? Math.ceil(rules.rate.perMs / rules.rate.cells) : 0,
      breaker: rules.breaker,
      root: workflowId,
      token,
    };
    void startChild<(input: CellsInput) => Promise<void>>(CELLS_WORKFLOW, {
      workflowId: `${workflowId}/page/${page}`,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      typedSearchAttributes: backfillAttributes(project, backfill),
      staticSummary: `backfill ${backfill}, page ${page}`,
    }).catch(() => {
      // one of this id is open still, whose end was not heard: its report or the next check tells
      return undefined;
    });
  }

  // ---- messages ----

  private hear(): void {
    const { reports } = this;
    this.reports = [];
    for (const report of reports) {
      const open = this.open.get(report.page);
      if (open?.token !== report.token) continue; // of an execution that was given up
      switch (report.type) {
        case 'released':
          open.slots = Math.max(0, open.slots - report.slots);
          open.full = true;
          break;
        case 'stop':
          this.pause(report.why);
          break;
        case 'ended':
          this.open.delete(report.page);
          this.ended.add(report.page);
      }
    }
  }
  private pause(why: string): void {
    if (this.paused !== null || this.cancelled) return;
    this.paused = why;
    this.states.push({ state: 'paused', why });
    this.orderAll({ type: 'hold' });
  }
  private orderAll(order: PageOrder): void {
    for (const page of this.open.keys()) this.orders.push({ page, order });
  }
  private async send(): Promise<void> {
    const { project, backfill } = this.input;
    const { orders, states } = this;
    this.orders = [];
    this.states = [];
    const { workflowId } = workflowInfo();
    await Promise.all([
      ...orders.map(async ({ page, order }) => {
        try {
          await getExternalWorkflowHandle(`${workflowId}/page/${page}`).signal(defineSignal<[PageOrder]>(backfillMessages.order), order);
        } catch {
          this.checkDue = true; // closed: its report is on its way, or there will be none
        }
      }),
      (async () => {
        for (const { state, why } of states) await backfillCall(project, 'heddle.backfill_state', { project, backfill, state, why }, state);
      })(),
    ]);
  }

  // ---- time ----

  private async watchWindow(window: NonNullable<BackfillInput['rules']['window']>): Promise<void> {
    for (;;) {
      const { open, until } = await backfillCall(this.input.project, 'heddle.backfill_window', window, 'the window of time');
      const wasClosed = this.closed;
      this.closed = !open;
      if (this.closed !== wasClosed && this.paused === null) this.orderAll(open ? { type: 'go' } : { type: 'hold' });
      await sleep(Math.max(1_000, until - Date.now()));
    }
  }
  private async remindToCheck(): Promise<void> {
    for (;;) {
      await sleep(CHECK_MS);
      this.checkDue = this.open.size > 0;
    }
  }
  /** Pages that are closed without a report give their slots back, and their cells without outcome begin again. */
  private async check(): Promise<void> {
    this.checkDue = false;
    const { project, backfill } = this.input;
    const before = new Map([...this.open].map(([page, { token }]) => [page, token]));
    const { closed } = await backfillCall(project, 'heddle.closed_pages', { project, backfill, pages: [...before.keys()] }, `${before.size} pages`);
    this.hear();
    for (const page of closed) if (this.open.get(page)?.token === before.get(page)) this.open.delete(page);
  }

  private mustContinue(): boolean {
    return workflowInfo().historyLength > HISTORY_EVENTS && this.reports.length === 0 && this.orders.length === 0 && this.states.length === 0;
  }
  private async continue(): Promise<never> {
    await condition(allHandlersFinished);
    this.hear();
    const carry: RootCarry = { open: Object.fromEntries(this.open), paused: this.paused, cancelled: this.cancelled, tokens: this.tokens };
    return continueAsNew<typeof runBackfill>({ ...this.input, carry: carry as unknown as Json }); // plain JSON
  }

  private live(): BackfillLive {
    return {
      state: this.cancelled ? 'cancelling' : this.paused === null ? 'running' : 'paused',
      slots: this.used,
      pages: { open: this.open.size, ended: this.ended.size, all: this.pages.length },
    };
  }
  private show(): void {
    const { state, slots, pages } = this.live();
    setCurrentDetails(
      `**${this.closed && state === 'running' ? 'waits for its window of time' : state}** · ${pages.ended} of ${pages.all} pages · ${pages.open} open with ${slots} slots${this.paused === null ? '' : `\n\n${this.paused}`}`,
    );
  }
}
