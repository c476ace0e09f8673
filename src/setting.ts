/** What a person typed or configured cannot be used. One line that names the setting, its value and what is expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** One row of the table of settings in `config.ts`: the command line, the help and the README are made from it. */
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
