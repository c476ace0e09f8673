import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate that signs itself, and its key, made for one test. */
export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly pem: string;
}

/** Whether there is an OpenSSL that could make one. */
export const hasOpenssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** @param names such as `DNS:localhost`, `IP:127.0.0.1`. */
export function makeCertificate(directory: string, name: string, names: readonly string[]): Certificate {
  const certificateFile = join(directory, `${name}.pem`);
  const keyFile = join(directory, `${name}-key.pem`);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names.join(',')}`, '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', keyFile, '-out', certificateFile, ...subject], {
    stdio: 'ignore',
  });
  return { certificateFile, keyFile, pem: readFileSync(certificateFile, 'utf8') };
}
