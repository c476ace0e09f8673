import {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import type { Bindings, Logger } from 'pino';
import { LazyLogger } from './lazy-logger.ts';
import { loggableUrl } from './loggable-url.ts';

/**
 * How the router logs. Where requests get no line of their own it is not told of the logger: for one it would watch the end of every answer
 * and make a child for every request, which together take as long as all that it does besides.
 */
export function requestLogging(logger: Logger | false): FastifyServerOptions {
  if (logger === false) return {};
  const logController = new RequestLog();
  if (logger.isLevelEnabled('debug')) return { loggerInstance: logger, logController };
  const parent = logger.child({}, { serializers });
  return {
    logController,
    childLoggerFactory: (_none: FastifyBaseLogger, bindings: Bindings) => new LazyLogger(parent, bindings),
  };
}

/** The router puts whole requests and answers into its lines. */
const serializers = {
  req: ({ method, url }: FastifyRequest) => ({ method, url: loggableUrl(url) }),
  res: ({ statusCode }: FastifyReply) => ({ statusCode }),
};

/** One line for each request, at debug: at info a busy server would write more about its requests than about itself. */
export class RequestLog extends LogController {
  override incomingRequest(): void {}

  /** Whoever is told of changes leaves in the middle of an answer: there is no other end. */
  override streamError(error: Error, _request: FastifyRequest, reply: FastifyReply): void {
    const hasLeft = 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (hasLeft) reply.log.debug('the client left before the end of the answer');
    else reply.log.warn({ err: error }, 'an answer broke off');
  }

  override requestCompleted(error: Error | null, request: FastifyRequest, reply: FastifyReply): void {
    reply.log.debug(
      {
        method: request.method,
        url: loggableUrl(request.url),
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime * 1000) / 1000,
        ...(error ? { err: error } : {}),
      },
      'request',
    );
  }
}
