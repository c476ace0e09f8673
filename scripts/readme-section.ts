/**
 * The text with what stands between `<!-- name: … -->` and `<!-- /name -->` replaced.
 * @throws {Error} when there is no such section.
 */
export function replaceSection(readme: string, name: string, content: string): string {
  const section = new RegExp(`(<!-- ${name}:[^\n]*-->\n)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!section.test(readme)) throw new Error(`There is no section marked <!-- ${name}: … -->`);
  return readme.replace(section, (_all, start: string, end: string) => `${start}${content}${end}`);
}
