import { describe, expect, test } from 'vitest';
import { certificateNotice } from '../../src/cli/certificate-notice.ts';
import { hasOpenssl, makeCertificate } from '../support/certificate.ts';
import { TemporaryFolder } from './data-fixture.ts';

const day = 24 * 60 * 60 * 1_000;

describe.skipIf(!hasOpenssl)('what the log says of a certificate (without an openssl there is none)', () => {
  test.each([
    ['is soon over', 1.5 * day, /^the certificate expires at \S+Z\. Put one that is good .* SIGHUP$/],
    ['is over', 3 * day, /^the certificate has expired at \S+Z: clients refuse it\. /],
    ['has not begun', -day, /^the certificate is not good before \S+Z: until then clients refuse it\. /],
  ])('one that %s', (_case, later, notice) => {
    using folder = new TemporaryFolder();
    const { pem } = makeCertificate(folder.path, 'short', ['DNS:localhost']);
    expect(certificateNotice(pem, Date.now() + later)).toMatch(notice);
  });

  test.each([
    [2, 0, true],
    [365, 350 * day, true],
    [365, 352 * day, false],
  ])('one of %i days after %i ms: nothing is %s', (days, later, isNothing) => {
    using folder = new TemporaryFolder();
    const { pem } = makeCertificate(folder.path, 'long', ['DNS:localhost'], undefined, days);
    expect(certificateNotice(pem, Date.now() + later) === null).toBe(isNothing);
  });
});
