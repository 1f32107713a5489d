/** A plan as text for people: steps in order with what they need, where they run and how often, and what is pinned. For `heddle plan`. */
import type { Block, Expr, Plan, PlanNode, TaskRules } from '../dsl/plan/types.ts';
import { exprText, rootsOf, walkExpr } from './expr-text.ts';

export function describePlan(plan: Plan, hash: string | null = null): string {
  const { skeleton, contracts } = plan;
  const lines = [`${plan.name}${hash === null ? '' : `  ${hash.slice(0, 19)}`}${plan.owner === null ? '' : `  owner ${plan.owner}`}`];
  const add = (label: string, text: string): void => void lines.push(`  ${label.padEnd(11)}${text}`);
  for (const [name, { kind, start, timezone, keys }] of Object.entries(contracts.partitions ?? {})) {
    add('partition', [`${name}: ${kind}`, start && `from ${start}`, timezone && `in ${timezone}`, keys?.join(' ')].filter(Boolean).join(' '));
  }
  for (const text of paramTexts(contracts.params)) add('parameter', text);
  const { schedule } = contracts;
  if (schedule)
    add(
      'schedule',
      [
        `${schedule.cron} ${schedule.timezone}`,
        `overlap ${schedule.overlap}`,
        schedule.catchupMs && `catchup ${time(schedule.catchupMs)}`,
        schedule.jitterMs && `jitter ${time(schedule.jitterMs)}`,
      ]
        .filter(Boolean)
        .join(', '),
    );
  if (skeleton.onFailure === 'pause') add('on failure', 'pauses, and waits for heddle resume');
  const pinned = [skeleton.body, ...(skeleton.always ? [skeleton.always] : [])].flatMap((block) => pinsOf(block));
  for (const text of new Set(pinned)) add('pins', text);
  for (const [name, callee] of Object.entries(skeleton.calls)) add('calls', `${name} ${callee.slice(0, 19)}`);
  lines.push('  steps');
  lines.push(...blockLines(skeleton.body, skeleton.tasks, plan, '', '    '));
  if (skeleton.always) lines.push('  always, whatever happened', ...blockLines(skeleton.always, skeleton.tasks, plan, '', '    '));
  if (skeleton.body.output !== null) lines.push(`  gives      ${exprText(skeleton.body.output)}`);
  return lines.join('\n');
}

function blockLines(block: Block, tasks: Readonly<Record<string, TaskRules>>, plan: Plan, prefix: string, indent: string): string[] {
  return block.nodes.flatMap((node, index) => {
    const path = prefix + node.id;
    const needs = [...new Set([...rootsOf(ownExprs(node)), ...(node.after ?? []).map((id) => `${id} (order only)`)])];
    const place = plan.places[path];
    const head = `${indent}${String(index + 1).padStart(2)}. ${node.id}  ${whatOf(node, tasks)}`;
    const tail = [needs.length > 0 && `needs ${needs.join(', ')}`, node.kind === 'task' && rulesText(tasks[node.task]), place && `at ${place}`].filter(Boolean);
    const inner = innerBlocks(node).flatMap(({ label, body }) => [
      ...(label === '' ? [] : [`${indent}    ${label}`]),
      ...blockLines(body, tasks, plan, `${path}/`, `${indent}    `),
    ]);
    return [head, ...(tail.length > 0 ? [`${indent}    ${tail.join('; ')}`] : []), ...inner];
  });
}

function whatOf(node: PlanNode, tasks: Readonly<Record<string, TaskRules>>): string {
  switch (node.kind) {
    case 'task':
      return `task ${node.task}${node.into === undefined ? '' : `, publishes ${exprText(node.into)}`}${tasks[node.task]?.isolate ? ', in a process of its own' : ''}`;
    case 'map': {
      const bears = node.tolerate === undefined ? '' : `, bears ${'count' in node.tolerate ? node.tolerate.count : `${node.tolerate.share * 100} %`} failed`;
      return `map over ${exprText(node.over)}, ${node.items === 'list' ? 'an item list' : 'an array'}, ${node.parallel} at a time${bears}${node.fuse === undefined ? '' : `, item by item after ${node.fuse}`}`;
    }
    case 'branch':
      return `when ${exprText(node.if)}`;
    case 'loop':
      return `loop from ${exprText(node.start)} until ${exprText(node.until)}, at most ${node.max} rounds${node.onMax === 'stop' ? ', then goes on' : ''}`;
    case 'gate':
      return `approval ${exprText(node.ask)} from ${node.from.join(', ')} within ${time(node.withinMs)}, else ${node.onTimeout}`;
    case 'wait': {
      const on = 'slice' in node.on ? exprText(node.on.slice) : 'path' in node.on ? `path ${exprText(node.on.path)}` : `event ${node.on.event}`;
      return `wait for ${on} within ${time(node.withinMs)}`;
    }
    case 'pipeline':
      return `${node.mode === 'call' ? 'pipeline' : 'starts pipeline'} ${node.pipeline}${node.partition === null ? '' : ` for ${exprText(node.partition)}`}`;
    case 'workflow':
      return `workflow ${node.type} on queue ${node.queue}${node.timeoutMs === null ? '' : ` within ${time(node.timeoutMs)}`}`;
  }
}

/** The expressions that are evaluated for the node itself, before its inner blocks run. */
function ownExprs(node: PlanNode): Expr {
  const { body: _, then: __, else: ___, until: ____, after: _____, keep: ______, ...own } = node as unknown as Record<string, Expr>; // a node is JSON
  return Object.values(own);
}
function innerBlocks(node: PlanNode): { readonly label: string; readonly body: Block }[] {
  if (node.kind === 'map' || node.kind === 'loop') return [{ label: '', body: node.body }];
  if (node.kind === 'branch') return [{ label: 'then', body: node.then }, ...(node.else ? [{ label: 'otherwise', body: node.else }] : [])];
  return [];
}

const rulesText = (rules: TaskRules | undefined): string =>
  rules === undefined
    ? ''
    : rules.pool === 'heddle'
      ? 'on the server'
      : `pool ${rules.pool}/${rules.class}, ${rules.attempts} attempts from ${time(rules.backoffMs)} apart, ${time(rules.timeoutMs)} each${rules.queueMs === null ? '' : `, ${time(rules.queueMs)} in the queue`}`;

function pinsOf(block: Block): string[] {
  return [...walkExpr(block as unknown as Expr)].filter((node) => '$slice' in node || '$model' in node).map((node) => exprText(node)); // a block is JSON
}

function paramTexts(schema: Plan['contracts']['params']): string[] {
  const fields = (schema?.['properties'] ?? {}) as Readonly<Record<string, { readonly type?: string; readonly default?: Expr }>>;
  return Object.entries(fields).map(
    ([name, field]) => `${name}: ${field.type ?? 'any'}${field.default === undefined ? ', required' : `, default ${JSON.stringify(field.default)}`}`,
  );
}

/** '90s', '2h', '1d'. */
export function time(ms: number): string {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const) {
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}
