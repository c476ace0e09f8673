import { favicon, keepIntegersExact, logo, selfContainedPage } from '../page/self-contained-page.ts';
import { StaticAnswer } from '../page/static-answer.ts';
import { graphiqlExample } from './graphiql-example.ts';

/** GraphiQL as one page that holds all it needs. It is some 9 MB. */
export function createGraphiqlPage(endpoint: string): StaticAnswer {
  return new StaticAnswer(async () => {
    // Not before it is needed: a server that no browser visits never holds it in memory.
    const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
    const html = renderGraphiQL({ title: 'YaraDB', endpoint, defaultQuery: graphiqlExample, logo, favicon });
    const exact = html.replace('<script>', () => `<script>${keepIntegersExact}</script>\n      <script>`);
    return selfContainedPage(exact, { workers: true, vary: 'Accept, Accept-Encoding' });
  });
}
