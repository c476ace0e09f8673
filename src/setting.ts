import { parseArgs } from 'node:util';

/** What a person typed or configured cannot be used. One line that names the setting, its value and what is expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** One row of a table of `settings/`: the command line, the help and the guide for operators are made from it. */
export interface Setting<Value> {
  /** Without the leading dashes. */
  readonly flag: string;
  /** Environment variables, the first one that is set wins. An empty one counts as not set. */
  readonly environment: readonly string[];
  /** As a person would write it. Empty means none. */
  readonly default: string;
  readonly type: SettingType<Value>;
  /** Meaning, unit and consequence. One or two sentences. */
  readonly help: string;
}

export interface SettingType<Value> {
  /** What the help shows in the value's place. */
  readonly placeholder: string;
  /** Completes "expected …" in an error. */
  readonly expected: string;
  /** The value, or undefined when the text is not one. */
  readonly parse: (text: string) => Value | undefined;
}

/** Gives what a setting comes to. @throws {UsageError} for a value that cannot be used. */
export type ReadSetting = <Value>(setting: Setting<Value>) => Value;

/** What a table of settings comes to. */
export type SettingValues<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : never;
};

/** Reads every setting of a table. @throws {UsageError} */
export function readSettings<Table extends Readonly<Record<string, Setting<unknown>>>>(
  table: Table,
  read: ReadSetting,
): SettingValues<Table> {
  const values = Object.entries(table).map(([name, setting]) => [name, read(setting)] as const);
  return Object.fromEntries(values) as SettingValues<Table>;
}

/** What was given for a setting, or its default. @throws {UsageError} for a value that cannot be used. */
export function readSetting<Value>(
  setting: Setting<Value>,
  flags: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
): Value {
  const variable = setting.environment.find((name) => environment[name] !== undefined && environment[name] !== '');
  const flag = flags.get(setting.flag);
  const given = flag ?? (variable === undefined ? undefined : environment[variable]) ?? setting.default;
  const value = setting.type.parse(given);
  if (value === undefined) {
    const name = flag !== undefined || variable === undefined ? `--${setting.flag}` : variable;
    throw new UsageError(`${name} is '${given}': expected ${setting.type.expected}`);
  }
  return value;
}

export function text(placeholder: string): SettingType<string> {
  return { placeholder, expected: 'some text', parse: (given) => (given === '' ? undefined : given) };
}

/** Null when nothing was given. */
export function optionalText(placeholder: string): SettingType<string | null> {
  return { placeholder, expected: 'some text', parse: (given) => (given === '' ? null : given) };
}

export function wholeNumber(placeholder: string, least: number, greatest: number): SettingType<number> {
  return {
    placeholder,
    expected: `a whole number from ${least} to ${greatest}`,
    parse: (given) => {
      const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
      return value >= least && value <= greatest ? value : undefined;
    },
  };
}

/** Infinity, no limit, for 0. */
export function zeroForUnlimited(type: SettingType<number>): SettingType<number> {
  return {
    ...type,
    parse: (given) => {
      const value = type.parse(given);
      return value === 0 ? Number.POSITIVE_INFINITY : value;
    },
  };
}

const bytesPerUnit = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Bytes. Only the binary units, so that nobody has to guess what `MB` means. */
export function size(least: string, greatest: string): SettingType<number> {
  const leastBytes = parseSize(least) ?? 0;
  const greatestBytes = parseSize(greatest) ?? Number.MAX_SAFE_INTEGER;
  return {
    placeholder: 'SIZE',
    expected: `a size from ${least} to ${greatest}, in bytes or as 64KiB, 16MiB, 1GiB`,
    parse: (given) => {
      const bytes = parseSize(given);
      return bytes !== undefined && bytes >= leastBytes && bytes <= greatestBytes ? bytes : undefined;
    },
  };
}

/** Infinity when there is to be no limit: `unlimited`. */
export function sizeOrUnlimited(least: string, greatest: string): SettingType<number> {
  const { expected, parse } = size(least, greatest);
  return {
    placeholder: 'SIZE|unlimited',
    expected: `unlimited or ${expected}`,
    parse: (given) => (given === 'unlimited' ? Number.POSITIVE_INFINITY : parse(given)),
  };
}

/** Null when it is to be found out: `auto`. */
export function sizeOrAuto(least: string, greatest: string): SettingType<number | null> {
  const { expected, parse } = size(least, greatest);
  return {
    placeholder: 'SIZE|auto',
    expected: `auto or ${expected}`,
    parse: (given) => (given === 'auto' ? null : parse(given)),
  };
}

function parseSize(given: string): number | undefined {
  const [, digits, unit] = /^(\d{1,12})(KiB|MiB|GiB|)$/.exec(given) ?? [];
  if (digits === undefined || !isUnit(unit)) return undefined;
  return Number(digits) * bytesPerUnit[unit];
}

function isUnit(unit: string | undefined): unit is keyof typeof bytesPerUnit {
  return unit !== undefined && Object.hasOwn(bytesPerUnit, unit);
}

export function choice<const Value extends string>(...values: readonly Value[]): SettingType<Value> {
  return {
    placeholder: values.join('|'),
    expected: `one of ${values.join(', ')}`,
    parse: (given) => values.find((value) => value === given),
  };
}

/** Separated by commas; every item is trimmed and must pass `normalize`, which gives it back in its one spelling. */
export function list(
  placeholder: string,
  expected: string,
  normalize: (item: string) => string | undefined,
): SettingType<readonly string[]> {
  return {
    placeholder,
    expected,
    parse: (given) => {
      const items = given.split(',').map((item) => item.trim());
      if (given.trim() === '') return Object.freeze([]);
      const normalized = items.map((item) => (item === '' ? undefined : normalize(item)));
      return normalized.every((item) => item !== undefined) ? Object.freeze(normalized) : undefined;
    },
  };
}

/** What was typed behind a command's name. */
export interface GivenFlags {
  readonly flags: ReadonlyMap<string, string>;
  readonly switches: ReadonlySet<string>;
  /** What is no flag, in order. */
  readonly words: readonly string[];
}

/**
 * Reads a command line.
 * @param placeholders the flags that take a value, and what stands for it in messages.
 * @param switches the flags that take none; with each its letter, or null.
 * @throws {UsageError} for a flag that does not exist, lacks its value, or has one that it does not take.
 */
export function parseFlags(
  given: readonly string[],
  placeholders: ReadonlyMap<string, string>,
  switches: Readonly<Record<string, string | null>>,
): GivenFlags {
  const { tokens } = parseArgs({
    args: [...given],
    options: Object.fromEntries([
      ...Array.from(placeholders.keys(), (flag) => [flag, { type: 'string' }] as const),
      ...Object.entries(switches).map(
        ([flag, short]) => [flag, { type: 'boolean', ...(short === null ? {} : { short }) }] as const,
      ),
    ]),
    // Not strict, since Node's own messages explain Node's rules: the tokens tell all that the checks below need.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const flags = new Map<string, string>();
  const found = new Set<string>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') {
      words.push(token.value);
    } else if (token.kind === 'option') {
      const { name, rawName, value } = token;
      const placeholder = placeholders.get(name);
      if (Object.hasOwn(switches, name)) {
        if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
        found.add(name);
      } else if (placeholder === undefined) {
        throw new UsageError(`unknown flag ${rawName}`);
      } else if (value === undefined || (!token.inlineValue && value.startsWith('-'))) {
        throw new UsageError(`${rawName} needs a value: ${rawName} ${placeholder}`);
      } else {
        flags.set(name, value);
      }
    }
  }
  return { flags, switches: found, words };
}
