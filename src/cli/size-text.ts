const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number of bytes for people: `512 bytes`, `64.0 MiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  let value = bytes;
  let name: string = '';
  for (const unit of units) {
    if (value < 1024) break;
    value /= 1024;
    name = unit;
  }
  return `${value.toFixed(1)} ${name}`;
}

/** A count with its noun: `1 commit`, `2 commits`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
