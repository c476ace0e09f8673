// What GraphQL Yoga does out of the box with the same schema: the other end of the scale from `graphql-jit`.
import { createServer } from 'node:http';
import { createYoga, type Plugin } from 'graphql-yoga';
import { rootValue, schema } from './graphql-schema.ts';
import { listen } from './listen.ts';

const withRootValue: Plugin = {
  onExecute({ args }) {
    args.rootValue = rootValue;
  },
};

listen(
  createServer(
    createYoga({
      schema,
      logging: false,
      plugins: [withRootValue],
    }),
  ),
);
