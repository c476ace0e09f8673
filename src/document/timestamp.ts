/** The first and the last moment that RFC 3339 can write, for its years have four digits. Milliseconds since the Unix epoch. */
export const earliestTime = Date.parse('0000-01-01T00:00:00.000Z');
export const latestTime = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * A moment as clients see it: RFC 3339, in UTC, always with milliseconds (`2026-07-25T09:30:00.000Z`). Every text has the
 * same length, so the order of the texts is the order of the moments.
 * @throws {RangeError} For a moment that RFC 3339 cannot write, or that is not a whole millisecond.
 */
export function formatTime(milliseconds: number): string {
  if (!Number.isInteger(milliseconds) || milliseconds < earliestTime || milliseconds > latestTime) {
    throw new RangeError(`${milliseconds} is no whole millisecond between the years 0 and 9999`);
  }
  const day = Math.floor(milliseconds / dayMilliseconds);
  if (day !== lastDay) {
    lastDayText = new Date(milliseconds).toISOString().slice(0, 'YYYY-MM-DDT'.length);
    lastDay = day;
  }
  const ofDay = milliseconds - day * dayMilliseconds;
  const hour = twoDigits[Math.floor(ofDay / 3_600_000)];
  const minute = twoDigits[Math.floor(ofDay / 60_000) % 60];
  const second = twoDigits[Math.floor(ofDay / 1000) % 60];
  return `${lastDayText}${hour}:${minute}:${second}.${threeDigits[ofDay % 1000]}Z`;
}

// `toISOString` works out the date, which mostly is that of the moment before: every answer has times in it, lists have thousands.
const dayMilliseconds = 86_400_000;
const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
const threeDigits = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));
let lastDay = Number.NaN;
let lastDayText = '';

/** A moment that a client wrote. */
export interface ParsedTime {
  /** Since the Unix epoch: the last whole millisecond at or before the moment. */
  readonly milliseconds: number;
  /** Whether the moment is that millisecond exactly. Python, for one, writes microseconds. */
  readonly exact: boolean;
}

// RFC 3339, section 5.6: date-time. The `T` and the `Z` may be lower case, and a space may stand for the `T`.
const dateTime =
  /^(\d{4}-\d{2}-\d{2})[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Reads an RFC 3339 date-time, in any offset and of any precision. Undefined when the text is none, names a day that does
 * not exist, a leap second, or a moment outside the years 0 to 9999 in UTC.
 */
export function parseTime(text: string): ParsedTime | undefined {
  const parts = dateTime.exec(text);
  if (parts === null) return undefined;
  const [, date = '', hour, minute, second, fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = parts;
  const local = Date.parse(`${date}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  // The 31st of February is read as a day of March, or not at all.
  if (Number.isNaN(local) || !formatTime(local).startsWith(date)) return undefined;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  const milliseconds = sign === '-' ? local + offset : local - offset;
  if (milliseconds < earliestTime || milliseconds > latestTime) return undefined;
  return { milliseconds, exact: !/[1-9]/.test(fraction.slice(3)) };
}
