/** Reads the PEM files of TLS settings, and says which one cannot be used before anything is connected. Server, workers, doctor. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ResolvedConfig } from '../config/resolved-config.ts';
import { HeddleError } from '../dsl/errors/heddle-error.ts';

type Kind = 'certificate' | 'key';

/** Throws HDL-TLS-FILE. `where`: 'server.tls.cert'. */
export function readPem(file: string, kind: Kind, where: string): Buffer {
  try {
    const bytes = readFileSync(file);
    if (kind === 'certificate') new X509Certificate(bytes); // the first of a chain
    else createPrivateKey(bytes);
    return bytes;
  } catch (error) {
    throw new HeddleError('HDL-TLS-FILE', {
      what: `${file} cannot be used as a ${kind}: ${error instanceof Error ? error.message : String(error)}.`,
      where,
      cause: error,
    });
  }
}

/** When a certificate ends, ms since the epoch. Throws HDL-TLS-FILE. */
export const certificateEnd = (file: string, where: string): number => new X509Certificate(readPem(file, 'certificate', where)).validToDate.getTime();

/** Temporal's settings in the SDK's form. Throws HDL-TLS-FILE. */
export function temporalTls(tls: NonNullable<ResolvedConfig['temporal']['tls']>) {
  const { ca, cert, key, serverName } = tls;
  return {
    ...(ca !== undefined && { serverRootCACertificate: readPem(ca, 'certificate', 'temporal.tls.ca') }),
    ...(serverName !== undefined && { serverNameOverride: serverName }),
    ...(cert !== undefined &&
      key !== undefined && { clientCertPair: { crt: readPem(cert, 'certificate', 'temporal.tls.cert'), key: readPem(key, 'key', 'temporal.tls.key') } }),
  };
}
