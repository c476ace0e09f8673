import { X509Certificate } from 'node:crypto';

/** As long before its end a certificate should have been renewed, or when two thirds of its time are over: some are made for days. */
const renewalMsMax = 14 * 24 * 60 * 60 * 1_000;

/**
 * What an operator has to know about when the certificate is good; null when there is nothing.
 * @param pem a text whose first certificate is the server's own.
 * @param now milliseconds since the Unix epoch.
 */
export function certificateNotice(pem: string, now: number): string | null {
  const { validFrom, validTo } = new X509Certificate(pem);
  const [begin, end] = [Date.parse(validFrom), Date.parse(validTo)];
  if (now >= end) return `the certificate has expired at ${textOf(end)}: clients refuse it. ${renewal}`;
  if (now < begin)
    return `the certificate is not good before ${textOf(begin)}: until then clients refuse it. ${renewal}`;
  return now >= end - Math.min(renewalMsMax, (end - begin) / 3)
    ? `the certificate expires at ${textOf(end)}. ${renewal}`
    : null;
}

const renewal = 'Put one that is good into the same files and send the server SIGHUP';

function textOf(time: number): string {
  return new Date(time).toISOString();
}
