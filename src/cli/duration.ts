import type { SettingType } from '../setting.ts';

const millisecondsPerUnit = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds. */
export const durationType: SettingType<number> = {
  placeholder: 'DURATION',
  expected: 'a number of days, hours or minutes such as 90d, 12h or 30m',
  parse: (given) => {
    const [, digits, unit] = /^([1-9]\d{0,5})([mhd])$/.exec(given) ?? [];
    if (digits === undefined || (unit !== 'm' && unit !== 'h' && unit !== 'd')) return undefined;
    return Number(digits) * millisecondsPerUnit[unit];
  },
};
