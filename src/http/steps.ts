/** How long steps are taken before other requests get their turn. */
const turnMs = 1;

/** Takes all steps, in turns of the event loop between which others have theirs. Resolves to what the last one returns, rejects with what one throws. */
export async function takeSteps<T>(steps: Generator<void, T>): Promise<T> {
  let end = performance.now() + turnMs;
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() < end) continue;
    await new Promise((resolve) => setImmediate(resolve));
    end = performance.now() + turnMs;
  }
}
