import { parseFlags, type SettingType, UsageError } from '../setting.ts';
import type { ExitCode } from './exit-code.ts';

/** What an operator can run besides the server. Its help is made from this description. */
export interface Command {
  /** What stands behind the command's name: the words it takes, then `[--flag …]`. */
  readonly usage: string;
  /** Paragraphs, each a text that the help wraps. */
  readonly description: readonly string[];
  /** Command lines, each as it would be typed. */
  readonly examples?: readonly string[];
  readonly options: Readonly<Record<string, Option>>;
  /** What each code that it ends with means for this command. */
  readonly exitCodes: ReadonlyMap<ExitCode, string>;
  /** @returns what the process ends with. @throws {UsageError | CommandFailure} */
  run(given: GivenArguments): Promise<ExitCode>;
}

/** `type` is null for a flag that takes no value. */
export interface Option<Value = unknown> {
  readonly flag: string;
  readonly type: SettingType<Value> | null;
  readonly help: string;
}

export const jsonOption: Option = {
  flag: 'json',
  type: null,
  help: 'Print the result as one line of JSON on standard output, for programs.',
};

/** What was typed behind the name of a command. */
export class GivenArguments {
  readonly words: readonly string[];
  readonly #flags: ReadonlyMap<string, string>;
  readonly #switches: ReadonlySet<string>;

  constructor(words: readonly string[], flags: ReadonlyMap<string, string>, switches: ReadonlySet<string>) {
    this.words = words;
    this.#flags = flags;
    this.#switches = switches;
  }

  has({ flag }: Option): boolean {
    return this.#switches.has(flag);
  }

  /** The values that were typed, by flag. */
  get flags(): ReadonlyMap<string, string> {
    return this.#flags;
  }

  /** Null when the flag was not given. @throws {UsageError} for a value that cannot be used. */
  value<Value>({ flag, type }: Option<Value>): Value | null {
    const given = this.#flags.get(flag);
    if (given === undefined || type === null) return null;
    const value = type.parse(given);
    if (value === undefined) throw new UsageError(`--${flag} is '${given}': expected ${type.expected}`);
    return value;
  }

  /** The words, which must be as many as their names. @throws {UsageError} when one is missing or too many. */
  take<const Names extends readonly string[]>(names: Names): { readonly [Name in Names[number]]: string } {
    const missing = names[this.words.length];
    if (missing !== undefined) throw new UsageError(`${missing} is missing`);
    const surplus = this.words[names.length];
    if (surplus !== undefined) throw new UsageError(`'${surplus}' is one word too many`);
    const taken: Record<string, string> = {};
    for (const [index, name] of names.entries()) taken[name] = this.words[index] ?? '';
    return taken as { readonly [Name in Names[number]]: string };
  }
}

/** @returns null when help is asked for. @throws {UsageError} */
export function parseArguments(command: Command, given: readonly string[]): GivenArguments | null {
  const options = Object.values(command.options);
  const placeholders = new Map<string, string>();
  const switches: Record<string, string | null> = { help: 'h' };
  for (const { flag, type } of options) {
    if (type === null) switches[flag] = null;
    else placeholders.set(flag, type.placeholder);
  }
  const parsed = parseFlags(given, placeholders, switches);
  return parsed.switches.has('help') ? null : new GivenArguments(parsed.words, parsed.flags, parsed.switches);
}
