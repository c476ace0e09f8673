import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
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
export function makeCertificate(
  directory: string,
  name: string,
  names: readonly string[],
  key: readonly string[] = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  days = 2,
): Certificate {
  const certificateFile = join(directory, `${name}.pem`);
  const keyFile = join(directory, `${name}-key.pem`);
  const newKey = ['-newkey', ...key, '-nodes'];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names.join(',')}`, '-days', String(days)];
  execFileSync('openssl', ['req', '-x509', ...newKey, '-keyout', keyFile, '-out', certificateFile, ...subject], {
    stdio: 'ignore',
  });
  return { certificateFile, keyFile, pem: readFileSync(certificateFile, 'utf8') };
}

/** The same with its time over since the first day of 2025: only `openssl ca` can say when a certificate begins and ends in every version. */
export function makeExpiredCertificate(directory: string, name: string): Certificate {
  const made = makeCertificate(directory, name, ['IP:127.0.0.1']);
  const request = join(directory, `${name}.csr`);
  const authority = join(directory, `${name}-authority.conf`);
  const database = join(directory, `${name}-index`);
  writeFileSync(database, '');
  writeFileSync(
    authority,
    `[ca]\ndefault_ca=own\n[own]\ndatabase=${database}\nnew_certs_dir=${directory}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n` +
      '[any]\ncommonName=supplied\n',
  );
  const run = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  run('req', '-new', '-key', made.keyFile, '-subj', `/CN=${name}`, '-out', request);
  const time = ['-startdate', '20240101000000Z', '-enddate', '20250101000000Z'];
  const files = ['-keyfile', made.keyFile, '-in', request, '-out', made.certificateFile];
  run('ca', '-selfsign', '-batch', '-notext', '-config', authority, ...time, ...files);
  return { ...made, pem: readFileSync(made.certificateFile, 'utf8') };
}
