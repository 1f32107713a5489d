/** Promotion by a person or a program: an alias moves by compare-and-set, written down with who and why. Server only. */
import { addAudit } from '../../catalog/audit.ts';
import type { AliasChange } from '../../catalog/models.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { Identity } from '../auth/tokens.ts';
import type { ServerParts } from '../server-parts.ts';
import { requireModel } from './model-view.ts';
import { changeAlias } from './move-alias.ts';

export interface Promotion {
  readonly name: string;
  readonly version: string;
  readonly alias: string;
  /** The version that must stand there; null: none may. Left out: whatever stands there. */
  readonly expect?: string | null | undefined;
  readonly note?: string | undefined;
}

/** Throws HDL-NO-MODEL, HDL-ALIAS-MOVED, HDL-BAD-REQUEST. */
export async function promoteByHand(parts: ServerParts, who: Identity, promotion: Promotion): Promise<AliasChange> {
  const { name, version, alias, expect, note } = promotion;
  if (!/^[a-z][\w.-]*$/i.test(alias))
    throw new HeddleError('HDL-BAD-REQUEST', {
      what: `"${alias}" cannot be an alias.`,
      fix: 'Use letters, digits, dots, dashes and underscores, beginning with a letter.',
    });
  const { project } = parts.config;
  const model = await requireModel(parts, `${name}@${version}`);
  const at = Date.now();
  const change = await changeAlias(parts, { project, name, alias, to: model.version, expect, by: who.name, at, note });
  await addAudit(parts.catalog.db, {
    project,
    at,
    who: who.name,
    action: 'promote',
    target: `model:${name}@${model.version}`,
    detail: { alias, from: change.from, note: note ?? null },
  });
  return change;
}
