import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { withTables } from '../../scripts/readme-tables.ts';
import { settings } from '../../src/config.ts';
import { documents, type MarkdownDocument, readDocument, root } from './markdown-document.ts';

const { scripts, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

describe.each(documents.map((document) => [document.path, document] as const))('%s', (_path, document) => {
  test('leads to files and headings that exist', () => {
    const broken = document.links.filter((link) => !/^https?:/.test(link) && !leadsSomewhere(document, link));
    expect(broken).toEqual([]);
  });

  test('names npm scripts and files that exist', () => {
    const named = Array.from(document.text.matchAll(/npm run (?:-s )?([\w:]+)/g), ([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    const files = Array.from(
      document.text.matchAll(/`((?:src|test|bench|scripts|schema)\/[\w./-]+)`/g),
      ([, name = '']) => name,
    );
    expect(files.filter((name) => !existsSync(new URL(name, root)))).toEqual([]);
  });

  test('has the tables of the sources (npm run fix:readme writes them)', () => {
    expect(document.text).toBe(withTables(document.text));
  });
});

function leadsSomewhere({ path, anchors }: MarkdownDocument, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = new URL(file, new URL(path, root));
  if (file !== '' && !existsSync(target)) return false;
  if (anchor === undefined) return true;
  const there = file === '' ? anchors : readDocument(target.pathname.slice(root.pathname.length)).anchors;
  return there.includes(anchor);
}

test('every setting is in a table', () => {
  const text = documents.map((document) => document.text).join('');
  for (const { flag } of Object.values(settings)) expect(text).toContain(`| \`--${flag} `);
});

test('every guide is linked from README.md', () => {
  const { links } = readDocument('README.md');
  const guides = documents.map(({ path }) => path).filter((path) => path.startsWith('guide/'));
  expect(guides.length).toBeGreaterThan(3);
  expect(guides.filter((path) => !links.includes(path))).toEqual([]);
});

test('the changelog is a list of versions, newest first, ours on top, with the kinds of changes that there are', () => {
  const { text } = readDocument('CHANGELOG.md');
  const versions = Array.from(
    text.matchAll(/^## \[(.+?)\]( - (?:Unreleased|\d{4}-\d\d-\d\d))?$/gm),
    ([, name]) => name,
  );
  expect(versions.filter((name) => name !== 'Unreleased')[0]).toBe(version);
  const kinds = Array.from(text.matchAll(/^### (.+)$/gm), ([, kind]) => kind);
  expect(['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']).toEqual(expect.arrayContaining(kinds));
});
