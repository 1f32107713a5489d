/** Registers an ONNX file that was trained elsewhere. The sender has run its parity sample; the digest is checked here again. Server only. */
import { addAudit } from '../../catalog/audit.ts';
import { newId } from '../../catalog/ids.ts';
import { registerVersion, type ModelVersion } from '../../catalog/models.ts';
import type { JsonObject } from '../../dsl/plan/types.ts';
import type { Identity } from '../auth/tokens.ts';
import type { ServerParts } from '../server-parts.ts';
import { writeModelFiles } from './model-files.ts';
import { announceVersion } from './move-alias.ts';

export interface ModelImport {
  readonly name: string;
  /** Base64 of the file. */
  readonly onnx: string;
  /** 'sha256:...' of the file. */
  readonly digest: string;
  readonly meta: JsonObject | null;
  /** What the sender compared, and how far it was off. */
  readonly parity: JsonObject;
  readonly note?: string | undefined;
}

/** The same content again gives the version that is there. Throws HDL-MODEL-FILE. */
export async function importModel(parts: ServerParts, who: Identity, { name, onnx, digest, meta, parity, note }: ModelImport): Promise<ModelVersion> {
  const { project } = parts.config;
  const at = Date.now();
  const kept = await writeModelFiles(parts.store, { name, digest }, Buffer.from(onnx, 'base64'), meta && Buffer.from(JSON.stringify(meta, null, 1)));
  const version = await registerVersion(parts.catalog, {
    project,
    name,
    uri: kept.uri,
    digest,
    details: { imported: { by: who.name, note: note ?? null, parity }, metrics: {}, slices: {}, meta, bytes: kept.bytes },
    runId: newId(),
    step: 'import',
    at,
  });
  await announceVersion(parts, project, version);
  const detail = { digest, note: note ?? null, parity };
  await addAudit(parts.catalog.db, { project, at, who: who.name, action: 'import model', target: `model:${name}@${version.version}`, detail });
  return version;
}
