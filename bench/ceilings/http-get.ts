// The ceiling of `GET /document/get/{id}`: `node:http` that sends the bytes of the answer, and does nothing else.
import { createServer } from 'node:http';
import { sampleAnswer } from '../workload.ts';
import { listen } from './listen.ts';

const bytes = Buffer.from(JSON.stringify(sampleAnswer));

listen(
  createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length });
    response.end(bytes);
  }),
);
