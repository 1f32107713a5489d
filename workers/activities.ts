/** All activities of one class of a pool: steps by their task's name, and the built-in ones. Workers only. */
import { Context } from '@temporalio/activity';
import { classifyFailure } from '../activities/step/classify-failure.ts';
import type { JoinItemsCall, Lane, PublishCall, PublishResult, ReadItemsCall, SentCall, WriteItemsCall } from '../dsl/contract/step.ts';
import { applicationFailure } from './application-failure.ts';
import { stepActivity } from './step-activity.ts';
import { wholeCall } from './whole-call.ts';
import type { WorkerParts } from './worker-parts.ts';

type Activity = (call: never) => Promise<unknown>;

export function poolActivities(parts: WorkerParts, klass: string, lane: Lane): Record<string, Activity> {
  const { storage, worker } = parts;
  const builtIn: Record<string, Activity> = {
    'heddle.publish': async (call: PublishCall): Promise<PublishResult> => {
      const startedAt = Date.now();
      const { attempt } = Context.current().info;
      const output = await storage.publish(call);
      return { output, meta: { startedAt, attempt, worker, ms: Date.now() - startedAt } };
    },
    'heddle.read_items': async (call: ReadItemsCall) => ({ items: await storage.readItems(call) }),
    'heddle.write_items': (call: WriteItemsCall) => storage.writeItems(call),
    'heddle.join_items': (call: JoinItemsCall) => storage.joinItems(call),
  };
  return {
    ...Object.fromEntries(Object.entries(builtIn).map(([name, activity]) => [name, asStep(parts, activity)])),
    // activity type = task name: whatever is not built in
    default: (call: SentCall) => stepActivity(parts, { klass, lane }, wholeCall(call, Context.current().info, parts.config.project)),
  };
}

const BEAT_MS = 10_000;

/** A built-in activity beats and fails as a step does; its caller says how often it may. */
const asStep =
  (parts: WorkerParts, activity: Activity): Activity =>
  async (call) => {
    const context = Context.current();
    const beating = setInterval(() => {
      context.heartbeat();
    }, BEAT_MS);
    try {
      return await activity(call);
    } catch (error) {
      const { failure } = classifyFailure(error, parts.secrets.redactor);
      // what is no fault of the data may be another time
      const failureClass = failure.class === 'user' ? 'platform' : failure.class;
      throw applicationFailure({ ...failure, class: failureClass }, { final: failureClass === 'data' });
    } finally {
      clearInterval(beating);
    }
  };
