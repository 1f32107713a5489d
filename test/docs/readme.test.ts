import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it("README's pipeline is the one that `heddle new` writes, and so the one that runs", () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const snippet = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const template = readFileSync(join(root, 'cli/template/pipelines/hello.ts.template'), 'utf8');
  expect(snippet.trim()).toBe(template.trim());
});
