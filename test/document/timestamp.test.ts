import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { earliestTime, formatTime, latestTime, parseTime } from '../../src/document/timestamp.ts';

const exact = (text: string) => ({ milliseconds: Date.parse(text), exact: true });

describe('formatTime', () => {
  it('writes RFC 3339 in UTC, always with milliseconds', () => {
    expect(formatTime(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(formatTime(1_784_971_800_120)).toBe('2026-07-25T09:30:00.120Z');
    expect(formatTime(earliestTime)).toBe('0000-01-01T00:00:00.000Z');
    expect(formatTime(latestTime)).toBe('9999-12-31T23:59:59.999Z');
  });

  it('writes what toISOString does, for moments of one day and of others, before 1970 too', () => {
    const moments = fc.array(fc.integer({ min: earliestTime, max: latestTime }), { minLength: 1, maxLength: 3 });
    const offset = fc.integer({ min: -86_400_000, max: 86_400_000 });
    fc.assert(
      fc.property(moments, offset, (some, milliseconds) => {
        for (const moment of some.flatMap((each) => [each, each + milliseconds, each])) {
          if (moment >= earliestTime && moment <= latestTime) {
            expect(formatTime(moment)).toBe(new Date(moment).toISOString());
          }
        }
      }),
    );
  });

  it('throws for what RFC 3339 cannot write', () => {
    for (const milliseconds of [earliestTime - 1, latestTime + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => formatTime(milliseconds)).toThrow(RangeError);
    }
  });

  it('writes texts whose order is that of the moments, and which read back', () => {
    const moments = fc.integer({ min: earliestTime, max: latestTime });
    fc.assert(
      fc.property(moments, moments, (a, b) => {
        expect(formatTime(a) < formatTime(b)).toBe(a < b);
        expect(parseTime(formatTime(a))).toEqual({ milliseconds: a, exact: true });
      }),
    );
  });
});

describe('parseTime', () => {
  it('reads any offset and either case', () => {
    const moment = exact('2026-07-25T09:30:00.000Z');
    for (const text of [
      '2026-07-25T09:30:00Z',
      '2026-07-25t09:30:00z',
      '2026-07-25 09:30:00+00:00',
      '2026-07-25T09:30:00-00:00',
      '2026-07-25T12:30:00+03:00',
      '2026-07-24T22:00:00.0-11:30',
      '2026-07-26T08:30:00.000000000+23:00',
    ]) {
      expect(parseTime(text)).toEqual(moment);
    }
  });

  it('reads any precision, down to the millisecond', () => {
    expect(parseTime('2026-07-25T09:30:00.1Z')).toEqual(exact('2026-07-25T09:30:00.100Z'));
    expect(parseTime('2026-07-25T09:30:00.123000Z')).toEqual(exact('2026-07-25T09:30:00.123Z'));
    expect(parseTime('2026-07-25T09:30:00.123999Z')).toEqual({ ...exact('2026-07-25T09:30:00.123Z'), exact: false });
    expect(parseTime('1969-12-31T23:59:59.9999Z')).toEqual({ milliseconds: -1, exact: false });
  });

  it('reads leap days and the first centuries', () => {
    expect(parseTime('2024-02-29T00:00:00Z')).toEqual(exact('2024-02-29T00:00:00Z'));
    expect(parseTime('0042-01-01T00:00:00Z')).toEqual(exact('0042-01-01T00:00:00Z'));
  });

  it('refuses what is no moment', () => {
    for (const text of [
      '',
      '2026-07-25',
      '2026-07-25T09:30Z',
      '2026-07-25T09:30:00',
      '2026-07-25T09:30:00.Z',
      '2026-07-25T09:30:00+0300',
      '2026-07-25T24:00:00Z',
      '2026-07-25T09:60:00Z',
      '2026-07-25T09:30:60Z',
      '2026-07-25T09:30:00+24:00',
      '2026-13-01T00:00:00Z',
      '2026-00-01T00:00:00Z',
      '2026-01-00T00:00:00Z',
      '2026-02-29T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '12026-01-01T00:00:00Z',
      '0000-01-01T00:00:00+01:00',
      '9999-12-31T23:59:59-01:00',
      ' 2026-07-25T09:30:00Z',
      '2026-07-25T09:30:00Z\n',
      '１026-07-25T09:30:00Z',
    ]) {
      expect(parseTime(text), text).toBe(undefined);
    }
  });
});
