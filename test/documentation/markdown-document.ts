import { readdirSync, readFileSync } from 'node:fs';

export const root = new URL('../../', import.meta.url);

/** What people read, with what of it can be checked. */
export interface MarkdownDocument {
  /** Below the root of the project. */
  readonly path: string;
  readonly text: string;
  /** What stands in its `bash` blocks, in order. */
  readonly shellBlocks: readonly string[];
  /** Where its links lead. */
  readonly links: readonly string[];
  /** What its headings can be linked to by, as GitHub makes it. */
  readonly anchors: readonly string[];
}

export function readDocument(path: string): MarkdownDocument {
  const text = readFileSync(new URL(path, root), 'utf8');
  const prose = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
  return {
    path,
    text,
    shellBlocks: Array.from(text.matchAll(/^ *```bash\n([\s\S]*?)^ *```/gm), ([, block = '']) => block),
    links: Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link),
    anchors: Array.from(prose.matchAll(/^#+ (.+)$/gm), ([, heading = '']) => anchorOf(heading)),
  };
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** All that is written for people who use YaraDB or work on it. */
export const documents: readonly MarkdownDocument[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'src/ARCHITECTURE.md',
  'src/embedded/FORMAT.md',
  'src/query/README.md',
  'test/fault/README.md',
  ...readdirSync(new URL('guide/', root))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `guide/${name}`),
].map(readDocument);
