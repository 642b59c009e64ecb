// Waiting for what is to be seen, never for a time.

/** How long anything may take on the slowest machine; then the test fails, and says what it waited for. */
const WAIT_MAX_MS = 120_000;
const LOOK_MS = 100;

/** What `look` gives once that is something; its errors count as nothing seen. */
export async function until(what, look) {
  const end = Date.now() + WAIT_MAX_MS;
  let last;
  while (Date.now() < end) {
    try {
      const seen = await look();
      if (seen) return seen;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`not seen in ${WAIT_MAX_MS / 1000} s: ${what}`, { cause: last });
}
