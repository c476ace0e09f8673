import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Histogram, type HistogramValues } from '../database/histogram.ts';
import { AsciiResponse } from './ascii-response.ts';

export type OperationKind = 'query' | 'mutation' | 'subscription';

/** In seconds: from what a read takes from memory to what a client gives up after. */
export const requestBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What requests are told apart by. Nothing of it comes from a client: a route is its template. */
export interface RequestLabels {
  readonly method: string;
  readonly route: string;
  /** Of GraphQL; else empty. */
  readonly operation: OperationKind | '';
}

/** How long requests of one kind took, by the first digit of their status. */
export class RequestMeter {
  readonly labels: RequestLabels;
  readonly #byClass = new Map<number, Histogram>();

  constructor(labels: RequestLabels) {
    this.labels = labels;
  }

  add(status: number, milliseconds: number): void {
    const statusClass = Math.floor(status / 100);
    let histogram = this.#byClass.get(statusClass);
    if (histogram === undefined) {
      histogram = new Histogram(requestBounds);
      this.#byClass.set(statusClass, histogram);
    }
    histogram.add(milliseconds / 1_000);
  }

  /** By `2xx` and so on. */
  values(): readonly (readonly [status: string, values: HistogramValues])[] {
    return Array.from(this.#byClass, ([statusClass, histogram]) => [`${statusClass}xx`, histogram.values()] as const);
  }
}

type OutgoingHeaders = OutgoingHttpHeaders | OutgoingHttpHeader[];

/**
 * An answer that takes its own time: from the end of the request's headers to the moment when the head of the answer is written, which for
 * all but streams is when it is answered. A hook of the router's for it would cost more than the rest of this.
 */
export class MeteredResponse<Request extends IncomingMessage> extends AsciiResponse<Request> {
  /** Absent: nobody counts. */
  meter: RequestMeter | undefined;
  readonly #begunAt = performance.now();

  override writeHead(status: number, message?: string, headers?: OutgoingHeaders): this;
  override writeHead(status: number, headers?: OutgoingHeaders): this;
  override writeHead(status: number, messageOrHeaders?: string | OutgoingHeaders, headers?: OutgoingHeaders): this {
    this.meter?.add(status, performance.now() - this.#begunAt);
    return typeof messageOrHeaders === 'string'
      ? super.writeHead(status, messageOrHeaders, headers)
      : super.writeHead(status, messageOrHeaders);
  }
}

/** One meter for each route and kind of operation, made when the server is: to count is then to have found the route. */
export class RequestMeters {
  readonly #meters: RequestMeter[] = [];
  /** Of what is refused before it has a route, or has none. */
  readonly unrouted = this.#make({ method: '', route: '', operation: '' });
  readonly #operations = {
    query: this.#make({ method: '', route: '/graphql', operation: 'query' }),
    mutation: this.#make({ method: '', route: '/graphql', operation: 'mutation' }),
    subscription: this.#make({ method: '', route: '/graphql', operation: 'subscription' }),
  };

  /** Listens to the routes that are added from now on, in plugins too. */
  watch(server: FastifyInstance): void {
    server.addHook('onRoute', (route) => {
      const methods = [route.method].flat();
      const meter = this.#make({ method: methods.join(','), route: route.url, operation: '' });
      // A route's own hooks come behind those of the server.
      route.onRequest = [
        ...[route.onRequest ?? []].flat(),
        (_request, reply, done) => {
          give(reply, meter);
          done();
        },
      ];
    });
  }

  /** Has a request to GraphQL counted by what it turned out to ask for. */
  operation(reply: FastifyReply, kind: OperationKind): void {
    give(reply, this.#operations[kind]);
  }

  all(): readonly RequestMeter[] {
    return this.#meters;
  }

  #make(labels: RequestLabels): RequestMeter {
    const meter = new RequestMeter(labels);
    this.#meters.push(meter);
    return meter;
  }
}

function give({ raw }: FastifyReply, meter: RequestMeter): void {
  if (raw instanceof MeteredResponse) raw.meter = meter;
}
