export function assertThat(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(problem);
}
