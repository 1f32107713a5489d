/** Reads a run's history: which activities were scheduled when, and in which workflow task. */
import type { WorkflowHandle } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

export interface ActivityTrace {
  readonly type: string;
  readonly id: string;
  readonly queue: string;
  readonly summary: string;
  /** Event ids. */
  readonly scheduled: number;
  readonly workflowTask: number;
  completed: number | null;
  readonly scheduledMs: number;
  completedMs: number | null;
}

export async function historyOf(handle: WorkflowHandle): Promise<{ readonly events: readonly HistoryEvent[] }> {
  const history = await handle.fetchHistory();
  return { events: history.events ?? [] };
}

export function activitiesOf(events: readonly HistoryEvent[]): ActivityTrace[] {
  const byId = new Map<number, ActivityTrace>();
  for (const event of events) {
    const at = event.activityTaskScheduledEventAttributes;
    if (at) {
      const summary = event.userMetadata?.summary?.data;
      byId.set(Number(event.eventId), {
        type: at.activityType?.name ?? '',
        id: at.activityId ?? '',
        queue: at.taskQueue?.name ?? '',
        summary: summary ? (JSON.parse(Buffer.from(summary).toString()) as string) : '',
        scheduled: Number(event.eventId),
        workflowTask: Number(at.workflowTaskCompletedEventId),
        completed: null,
        scheduledMs: msOf(event),
        completedMs: null,
      });
    }
    const done = event.activityTaskCompletedEventAttributes;
    const trace = done && byId.get(Number(done.scheduledEventId));
    if (trace) {
      trace.completed = Number(event.eventId);
      trace.completedMs = msOf(event);
    }
  }
  return [...byId.values()];
}

const msOf = (event: HistoryEvent): number => Number(event.eventTime?.seconds ?? 0) * 1000 + Number(event.eventTime?.nanos ?? 0) / 1e6;
