import { closeSync, fchmodSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** How whoever can read the data directory of a running server reaches it, with all rights. */
export interface OperatorAccess {
  readonly url: string;
  /** Good until that server stops. */
  readonly token: string;
  /** PEM; null for http. Whoever has its key is the server, whatever name the certificate is for. */
  readonly certificate: string | null;
}

/**
 * `operator.json` in the data directory, which only the server's user can read: who can read it can read the data, too. So the first token can be made,
 * and backups can be taken, without another secret. It is there while the server runs; one that a killed server left opens nothing.
 */
export class OperatorFile {
  readonly path: string;

  constructor(dataDirectory: string) {
    this.path = join(dataDirectory, 'operator.json');
  }

  /** @param onError told when it cannot be written: the server can do without. */
  write(access: OperatorAccess, onError: (error: unknown) => void): void {
    const temporary = `${this.path}.tmp`;
    try {
      rmSync(temporary, { force: true });
      const file = openSync(temporary, 'wx', 0o600);
      try {
        fchmodSync(file, 0o600);
        writeSync(file, `${JSON.stringify(access)}\n`);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, this.path);
    } catch (error) {
      onError(error);
    }
  }

  /** Null when there is none that can be read. */
  read(): OperatorAccess | null {
    try {
      const value: unknown = JSON.parse(readFileSync(this.path, 'utf8'));
      return isOperatorAccess(value) ? value : null;
    } catch {
      return null;
    }
  }

  remove(): void {
    try {
      rmSync(this.path, { force: true });
    } catch {
      // It opens nothing any more, and the next start replaces it.
    }
  }
}

function isOperatorAccess(value: unknown): value is OperatorAccess {
  if (typeof value !== 'object' || value === null) return false;
  if (!('url' in value && 'token' in value && 'certificate' in value)) return false;
  const { url, token, certificate } = value;
  return (
    typeof url === 'string' &&
    URL.canParse(url) &&
    typeof token === 'string' &&
    (certificate === null || typeof certificate === 'string')
  );
}
