import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { loggableUrl } from './loggable-url.ts';

/** One line for each request, at debug: at info a busy server would write more about its requests than about itself. */
export class RequestLog extends LogController {
  override incomingRequest(): void {}

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
