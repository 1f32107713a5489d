/** All control activities, as the server's worker registers them. Each is idempotent; see dsl/contract/control.ts. Server only. */
import type { ServerParts } from '../api/server-parts.ts';
import type { ControlActivities } from '../dsl/contract/control.ts';
import { prepareChild, startChild } from './control-children.ts';
import { issueGenerations } from './control-generations.ts';
import { notify, promoteModel, registerModel } from './control-models.ts';
import { pin } from './control-pins.ts';
import { loadPlan } from './control-plans.ts';
import { loadDone, record } from './control-record.ts';
import { watch } from './control-watch.ts';

export const controlActivities = (parts: ServerParts): ControlActivities => ({
  'heddle.load_plan': loadPlan(parts),
  'heddle.pin': pin(parts),
  'heddle.issue_generations': issueGenerations(parts),
  'heddle.watch': watch(parts),
  'heddle.prepare_child': prepareChild(parts),
  'heddle.start_child': startChild(parts),
  'heddle.load_done': loadDone(parts),
  'heddle.record': record(parts),
  'heddle.register_model': registerModel(parts),
  'heddle.promote_model': promoteModel(parts),
  'heddle.notify': notify(parts),
});
