import type { JsonObject } from '../document/json.ts';
import { exitCodes } from './exit-code.ts';
import { CommandFailure, failureOf } from './failure.ts';
import { Progress } from './progress.ts';
import { ServerError, ServerRequest } from './server-request.ts';
import type { ServerTarget } from './server-target.ts';

/**
 * Has a running server do something, and tells on a terminal that it is at it.
 * @returns what it answers when it is done. @throws {CommandFailure}
 */
export async function requestMaintenance(server: ServerTarget, path: string, doing: string): Promise<JsonObject> {
  const progress = new Progress();
  const startedAt = performance.now();
  const show = (): void => progress.show(`${doing}: ${Math.floor((performance.now() - startedAt) / 1000)} s`);
  show();
  const timer = setInterval(show, 1000);
  try {
    return await new ServerRequest('POST', path, server).json();
  } catch (error) {
    throw failureOfRequest(error);
  } finally {
    clearInterval(timer);
    progress.clear();
  }
}

/** What it comes to when a server does not do what it was asked. */
export function failureOfRequest(error: unknown): CommandFailure {
  if (!(error instanceof ServerError)) return failureOf(error);
  const disk = error.code === 'STORAGE_FULL' || error.code === 'OUTCOME_UNKNOWN';
  return new CommandFailure(disk ? exitCodes.diskFailed : exitCodes.noServer, `${error.message}.`, { cause: error });
}
