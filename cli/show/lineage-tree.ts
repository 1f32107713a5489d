/** A lineage graph as a tree of lines. Partitions of one dataset at one place stand on one line. Pure. */
import type { LineageGraph, LineageNode } from '../../api/lineage/trace.ts';

type Direction = 'up' | 'down' | 'both';

export function lineageTree(graph: LineageGraph, direction: Direction, dim: (text: string) => string): string[] {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const next = { up: new Map<string, string[]>(), down: new Map<string, string[]>() };
  for (const { from, to } of graph.edges) {
    next.up.set(to, [...(next.up.get(to) ?? []), from]);
    next.down.set(from, [...(next.down.get(from) ?? []), to]);
  }
  const lines: string[] = [];
  const group = (ids: readonly string[], way: 'up' | 'down'): LineageNode[][] => {
    const groups = new Map<string, LineageNode[]>();
    for (const id of new Set(ids.flatMap((one) => next[way].get(one) ?? []))) {
      const node = byId.get(id);
      if (node) groups.set(`${node.kind}:${node.name}`, [...(groups.get(`${node.kind}:${node.name}`) ?? []), node]);
    }
    return [...groups.values()];
  };
  const walk = (nodes: readonly LineageNode[], way: 'up' | 'down', indent: string, above: readonly string[]): void => {
    const groups = group(
      nodes.map(({ id }) => id),
      way,
    );
    for (const [i, members] of groups.entries()) {
      const last = i === groups.length - 1;
      const name = `${members[0]?.kind}:${members[0]?.name}`;
      const seen = above.includes(name); // a dataset made of its own earlier partitions
      lines.push(`${indent}${last ? '└─ ' : '├─ '}${label(members, dim)}${seen ? dim(' and so on') : ''}`);
      if (!seen) walk(members, way, `${indent}${last ? '   ' : '│  '}`, [...above, name]);
    }
  };
  const root = byId.get(graph.root);
  if (!root) return lines;
  lines.push(label([root], dim));
  const start = [`${root.kind}:${root.name}`];
  for (const way of ['up', 'down'] as const) {
    if (direction !== 'both' && direction !== way) continue;
    const at = lines.push(way === 'up' ? 'made of' : 'went into');
    walk([root], way, '  ', start);
    if (lines.length === at) lines.push(dim('  nothing that is known'));
  }
  return lines;
}

function label(nodes: readonly LineageNode[], dim: (text: string) => string): string {
  const [first] = nodes as readonly [LineageNode, ...LineageNode[]]; // no group is empty
  const versions = nodes.map(({ version }) => version).sort();
  const many = nodes.length > 1 ? `${nodes.length} of them, ${versions[0]} to ${versions.at(-1)}` : first.version;
  const kind = first.kind === 'partition' ? '' : `${first.kind} `;
  const makers = [
    ...new Set(nodes.flatMap(({ made }) => (made ? [`${made.pipeline}${made.task === null ? '' : `: ${made.task} ${made.version ?? ''}`}`.trimEnd()] : []))),
  ];
  const codes = [...new Set(nodes.flatMap(({ made }) => (made?.code ? [made.code.slice(0, 19)] : [])))];
  const run = nodes.length === 1 && first.made ? `, run ${first.made.runId}` : '';
  const code = codes.length === 0 ? '' : `, code ${codes.join(' and ')}`;
  return `${kind}${first.name} ${many}`.trimEnd() + (makers.length > 0 ? dim(`  by ${makers.join(' and ')}${run}${code}`) : '');
}
