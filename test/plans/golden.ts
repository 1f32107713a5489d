/** Compiles the example pipelines beside it as `heddle compile` does. For plans.test.ts and update.ts. */
import { join } from 'node:path';
import type { CompiledPlan } from '../../compiler/child-messages.ts';
import { compileProject, type CompiledProject } from '../../compiler/compile.ts';
import { describePlan } from '../../compiler/describe-plan.ts';

export const compileExamples = (): Promise<CompiledProject> =>
  compileProject({ folder: import.meta.dirname, pipelines: ['pipelines/*.ts'], pools: { default: { classes: { small: {}, large: {} } } } });

export const names = ['rides.fares', 'rides.train'] as const;
/** Pretty, so that a change can be read in a diff. */
export const planText = ({ hash, plan }: CompiledPlan): string => `${JSON.stringify({ hash, plan }, null, 1)}\n`;
export const viewText = ({ hash, plan }: CompiledPlan): string => `${describePlan(plan, hash)}\n`;
export const planFile = (name: string): string => join(import.meta.dirname, `${name}.plan.json`);
export const viewFile = (name: string): string => join(import.meta.dirname, `${name}.plan.txt`);
