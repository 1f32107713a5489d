/** All commands, in the order of `heddle --help`. */
import { applyCommand } from './commands/apply.ts';
import { approveCommand } from './commands/approve.ts';
import { backfillCancelCommand, backfillPauseCommand, backfillRedoCommand, backfillResumeCommand } from './commands/backfill-control.ts';
import { backfillListCommand } from './commands/backfill-list.ts';
import { backfillShowCommand } from './commands/backfill-show.ts';
import { backfillStartCommand } from './commands/backfill-start.ts';
import { backfillPlanCommand } from './commands/backfill-plan.ts';
import { cancelCommand } from './commands/cancel.ts';
import { catalogRebuildCommand } from './commands/catalog-rebuild.ts';
import { checkCommand } from './commands/check.ts';
import { compileCommand } from './commands/compile.ts';
import { devCommand } from './commands/dev.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventCommand } from './commands/event.ts';
import { explainCommand } from './commands/explain.ts';
import { gcCommand } from './commands/gc.ts';
import { lineageCommand } from './commands/lineage.ts';
import { logsCommand } from './commands/logs.ts';
import { modelsCommand } from './commands/models.ts';
import { modelsImportCommand } from './commands/models-import.ts';
import { newCommand } from './commands/new.ts';
import { partitionsCommand } from './commands/partitions.ts';
import { partitionsRollbackCommand } from './commands/partitions-rollback.ts';
import { pauseCommand } from './commands/pause.ts';
import { planCommand } from './commands/plan.ts';
import { promoteCommand } from './commands/promote.ts';
import { rejectCommand } from './commands/reject.ts';
import { resumeCommand } from './commands/resume.ts';
import { retryCommand } from './commands/retry.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { runCommand } from './commands/run.ts';
import { runsCommand } from './commands/runs.ts';
import { alertsCommand, schedulesCommand, schedulesPauseCommand, schedulesResumeCommand } from './commands/schedules.ts';
import { serverCommand } from './commands/server.ts';
import { showCommand } from './commands/show.ts';
import { typesCommand } from './commands/types.ts';
import { watchCommand } from './commands/watch.ts';
import { workerCommand } from './commands/worker.ts';

export const commands = [
  newCommand,
  checkCommand,
  compileCommand,
  planCommand,
  typesCommand,
  devCommand,
  runCommand,
  backfillPlanCommand,
  backfillStartCommand,
  backfillShowCommand,
  backfillListCommand,
  backfillPauseCommand,
  backfillResumeCommand,
  backfillCancelCommand,
  backfillRedoCommand,
  runsCommand,
  schedulesCommand,
  schedulesPauseCommand,
  schedulesResumeCommand,
  alertsCommand,
  showCommand,
  watchCommand,
  logsCommand,
  explainCommand,
  modelsCommand,
  modelsImportCommand,
  partitionsCommand,
  partitionsRollbackCommand,
  lineageCommand,
  cancelCommand,
  pauseCommand,
  resumeCommand,
  retryCommand,
  approveCommand,
  rejectCommand,
  promoteCommand,
  rollbackCommand,
  eventCommand,
  serverCommand,
  workerCommand,
  doctorCommand,
  applyCommand,
  gcCommand,
  catalogRebuildCommand,
] as const;
