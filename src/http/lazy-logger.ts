import type { FastifyBaseLogger } from 'fastify';
import type { Bindings, Logger } from 'pino';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** A child of a logger that is made when it has something to say: to make one takes longer than to route a request. */
export class LazyLogger implements FastifyBaseLogger {
  readonly #parent: Logger;
  readonly #bindings: Bindings;
  #child: Logger | undefined;

  constructor(parent: Logger, bindings: Bindings) {
    this.#parent = parent;
    this.#bindings = bindings;
  }

  get level(): string {
    return this.#parent.level;
  }

  child(bindings: Bindings): LazyLogger {
    return new LazyLogger(this.#parent, { ...this.#bindings, ...bindings });
  }

  fatal(...line: readonly unknown[]): void {
    this.#log('fatal', line);
  }

  error(...line: readonly unknown[]): void {
    this.#log('error', line);
  }

  warn(...line: readonly unknown[]): void {
    this.#log('warn', line);
  }

  info(...line: readonly unknown[]): void {
    this.#log('info', line);
  }

  debug(...line: readonly unknown[]): void {
    this.#log('debug', line);
  }

  trace(...line: readonly unknown[]): void {
    this.#log('trace', line);
  }

  silent(): void {}

  #log(level: Level, line: readonly unknown[]): void {
    if (!this.#parent.isLevelEnabled(level)) return;
    this.#child ??= this.#parent.child(this.#bindings);
    Reflect.apply(this.#child[level], this.#child, line);
  }
}
