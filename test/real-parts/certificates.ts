/** An authority with certificates for a server on the loopback and for a client, made by openssl into a folder. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificates {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}

const program = process.env['HEDDLE_TEST_OPENSSL'] ?? 'openssl';

/** Says why there is none, with the command that gets it; throws with HEDDLE_REQUIRE_PARTS=all. */
export function lacksOpenssl(): string | null {
  try {
    const version = execFileSync(program, ['version'], { encoding: 'utf8' }).trim();
    console.log(`real part: ${version}`);
    return null;
  } catch {
    const why = 'openssl is not on PATH (apt-get install openssl, or HEDDLE_TEST_OPENSSL)';
    if (process.env['HEDDLE_REQUIRE_PARTS'] === 'all') throw new Error(why);
    console.log(`skipped: ${why}`);
    return why;
  }
}

/** `days`: of the server's certificate. */
export function makeCertificates(folder: string, days = 90): Certificates {
  const at = (name: string): string => join(folder, name);
  const run = (...args: string[]): void => void execFileSync(program, args, { cwd: folder, stdio: 'pipe' });
  run(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '90',
    '-subj',
    '/CN=Heddle test authority',
  );
  const issue = (name: string, extensions: string, validDays: number): { cert: string; key: string } => {
    writeFileSync(at(`${name}.ext`), extensions);
    run('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    run(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-out',
      `${name}.pem`,
      '-days',
      String(validDays),
      '-extfile',
      `${name}.ext`,
    );
    return { cert: at(`${name}.pem`), key: at(`${name}.key`) };
  };
  return {
    ca: at('ca.pem'),
    server: issue('server', 'subjectAltName=DNS:localhost,DNS:heddle.test,IP:127.0.0.1\n', days),
    client: issue('client', 'extendedKeyUsage=clientAuth\n', 90),
  };
}
