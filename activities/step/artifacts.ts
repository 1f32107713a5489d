/** ctx.artifact and ctx.readArtifact: files of a step in the store. */
import { createHash } from 'node:crypto';
import type { Artifact } from '../../dsl/authoring/context.ts';
import type { StepCall } from '../../dsl/contract/step.ts';
import { HeddleError } from '../../dsl/errors/heddle-error.ts';
import { stepUri } from './step-folder.ts';
import type { StepHost } from './step-host.ts';

const NAME = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** The same name again replaces the file. Throws HDL-BAD-NAME. */
export async function writeArtifact(call: StepCall, host: StepHost, name: string, content: Uint8Array | string | AsyncIterable<Uint8Array>): Promise<Artifact> {
  if (!NAME.test(name)) {
    throw new HeddleError('HDL-BAD-NAME', {
      what: `"${name}" cannot be the name of an artifact.`,
      where: `${call.pipeline}, step ${call.step}`,
      fix: 'Use letters, digits, dots, dashes, underscores, and / between folders.',
    });
  }
  const uri = host.files.resolve(`${stepUri(call.runId, call.step)}/artifacts/${name}`);
  return { uri, ...(await host.files.write(uri, typeof content === 'string' ? Buffer.from(content, 'utf8') : content)) };
}

/** Throws HDL-ARTIFACT-CHANGED where the file is not what the handle says. */
export async function readArtifact(host: StepHost, from: Artifact | string): Promise<Uint8Array> {
  const uri = typeof from === 'string' ? from : from.uri;
  const bytes = await host.files.read(uri);
  if (typeof from !== 'string' && createHash('sha256').update(bytes).digest('hex') !== from.digest.replace(/^sha256:/, '')) {
    throw new HeddleError('HDL-ARTIFACT-CHANGED', { what: `The file ${uri} is not the one that was written: its digest is not ${from.digest}.` });
  }
  return bytes;
}
