/** Models as people see them: one version with its numbers, where it came from, and what its aliases did. Server only. */
import { aliasHistory, findModel, listModels, listVersions, type AliasChange, type ModelEntry, type ModelVersion } from '../../catalog/models.ts';
import { codeOfRun, type CodeOfStep } from '../../catalog/steps.ts';
import { closestName } from '../../config/closest-name.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import type { ServerParts } from '../server-parts.ts';

export interface ModelView extends ModelEntry {
  readonly versions: readonly ModelVersion[];
  readonly history: readonly AliasChange[];
}
export interface VersionView extends ModelVersion {
  /** Aliases that stand at it now. */
  readonly aliases: readonly string[];
  readonly history: readonly AliasChange[];
  /** Code of the run's steps, as it ran; [] while the run goes on. */
  readonly code: readonly CodeOfStep[];
}

/** Throws HDL-NO-MODEL with the nearest name. */
export async function modelView(parts: ServerParts, name: string): Promise<ModelView> {
  const { db } = parts.catalog;
  const { project } = parts.config;
  const model = (await listModels(db, project)).find((item) => item.name === name);
  if (!model) throw await noModel(parts, name);
  return { ...model, versions: await listVersions(db, project, name), history: await aliasHistory(db, project, name) };
}

/** `tag`: a version's number or an alias. Throws HDL-NO-MODEL. */
export async function versionView(parts: ServerParts, name: string, tag: string): Promise<VersionView> {
  const version = await requireModel(parts, `${name}@${tag}`);
  const { aliases, history } = await modelView(parts, name);
  return {
    ...version,
    aliases: Object.entries(aliases)
      .filter(([, at]) => at === version.version)
      .map(([alias]) => alias),
    history: history.filter(({ from, to }) => from === version.version || to === version.version),
    code: await codeOfRun(parts.catalog.db, version.runId),
  };
}

/** Throws HDL-NO-MODEL, which says what there is. */
export async function requireModel(parts: ServerParts, reference: string): Promise<ModelVersion> {
  const found = await findModel(parts.catalog.db, parts.config.project, reference);
  if (found) return found;
  throw await noModel(parts, reference);
}

async function noModel(parts: ServerParts, reference: string): Promise<HeddleError> {
  const models = await listModels(parts.catalog.db, parts.config.project);
  const [name = ''] = reference.split('@');
  const known = models.find((model) => model.name === name);
  if (known) {
    const aliases = Object.keys(known.aliases).map((alias) => `@${alias}`);
    return new HeddleError('HDL-NO-MODEL', {
      what: `There is no model ${reference}: ${name} has versions up to ${known.latest ?? 'none'}${aliases.length > 0 ? ` and the aliases ${aliases.join(', ')}` : ''}.`,
    });
  }
  const near = closestName(
    name,
    models.map((model) => model.name),
  );
  return new HeddleError('HDL-NO-MODEL', { what: `There is no model ${name}.${near === undefined ? '' : ` Did you mean "${near}"?`}` });
}
