import type { JsonValue } from '../document/json.ts';

/**
 * A sum in which rounding errors do not pile up. Integers are summed exactly, however large they grow; of the others the errors are summed
 * along (Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974).
 */
export class ExactSum {
  /** Of integers, while it is one that a double holds exactly. */
  #integers = 0;
  /** The rest of the integers. */
  #largeIntegers = 0n;
  #fractions = 0;
  #fractionErrors = 0;
  #hasFractions = false;

  add(value: number | bigint): void {
    if (typeof value === 'bigint') this.#largeIntegers += value;
    else if (Number.isInteger(value)) this.#addInteger(value);
    else this.#addFraction(value);
  }

  /** An integer is a double where a double holds it exactly, else a bigint, as everywhere. */
  get value(): JsonValue {
    const integers =
      this.#largeIntegers === 0n ? this.#integers : normalized(this.#largeIntegers + BigInt(this.#integers));
    if (!this.#hasFractions) return integers;
    const sum = Number(integers) + (this.#fractions + this.#fractionErrors);
    // So far beyond all doubles a fraction is nothing.
    return Number.isFinite(sum) ? sum : integers;
  }

  /** The sum divided by a count of at least 1. */
  dividedBy(count: number): JsonValue {
    const { value } = this;
    if (typeof value !== 'bigint') return Number(value) / count;
    const quotient = Number(value) / count;
    return Number.isFinite(quotient) ? quotient : normalized(value / BigInt(count));
  }

  #addInteger(value: number): void {
    const sum = this.#integers + value;
    if (Number.isSafeInteger(sum) && Number.isSafeInteger(value)) this.#integers = sum;
    else this.#largeIntegers += BigInt(value);
  }

  #addFraction(value: number): void {
    const sum = this.#fractions + value;
    const [larger, smaller] =
      Math.abs(this.#fractions) >= Math.abs(value) ? [this.#fractions, value] : [value, this.#fractions];
    this.#fractionErrors += larger - sum + smaller;
    this.#fractions = sum;
    this.#hasFractions = true;
  }
}

function normalized(integer: bigint): number | bigint {
  const double = Number(integer);
  return Number.isFinite(double) && BigInt(double) === integer ? double : integer;
}
