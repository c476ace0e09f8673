import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { favicon, keepIntegersExact, selfContainedPage } from '../page/self-contained-page.ts';
import { StaticAnswer } from '../page/static-answer.ts';

/** Swagger UI as one page that holds all it needs, and shows the document at `documentPath`. It is some 2 MB. */
export function createViewerPage(documentPath: string): StaticAnswer {
  return new StaticAnswer(async () => {
    const [script, style] = await Promise.all([readViewer('swagger-ui-bundle.js'), readViewer('swagger-ui.css')]);
    return selfContainedPage(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>YaraDB API</title>
    <link rel="icon" href="${favicon}">
    <style>${style}</style>
    <style>body { margin: 0 } .swagger-ui .info { margin: 24px 0 }</style>
  </head>
  <body>
    <div id="viewer"></div>
    <script>${keepIntegersExact}</script>
    <script>${script}</script>
    <script>${start(documentPath)}</script>
  </body>
</html>
`);
  });
}

/** Without a validator, which would be somebody else's server. */
function start(documentPath: string): string {
  const options = {
    url: documentPath,
    dom_id: '#viewer',
    validatorUrl: null,
    deepLinking: true,
    tryItOutEnabled: true,
  };
  return `SwaggerUIBundle(${JSON.stringify(options)});`;
}

/** Built, its files are beside this one (`scripts/copy-viewer.mjs`); in a clone they are where the package has them. */
async function readViewer(name: string): Promise<string> {
  const built = new URL(`./viewer/${name}`, import.meta.url);
  return readFile(existsSync(built) ? built : new URL(import.meta.resolve(`swagger-ui-dist/${name}`)), 'utf8');
}
