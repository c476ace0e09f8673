import type { Config } from '../config.ts';
import { exitCodes } from './exit-code.ts';
import { CommandFailure, failureOf, systemErrorOf, userName } from './failure.ts';

/** What a failure to listen comes to. */
export function failureOfListening(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>): CommandFailure {
  const options = { cause: error };
  switch (systemErrorOf(error)?.code) {
    case 'EADDRINUSE':
      return new CommandFailure(
        exitCodes.portTaken,
        `port ${port} of ${host} is taken by another program. Stop that one, or choose a port with --port (0 picks a free one).`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new CommandFailure(
        exitCodes.usage,
        `${userName()} may not listen on port ${port}. Choose one above 1023 with --port.`,
        options,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return new CommandFailure(
        exitCodes.usage,
        `--host is '${host}': this machine has no such address. 127.0.0.1 serves this machine, 0.0.0.0 the network.`,
        options,
      );
    default:
      return failureOf(error);
  }
}
