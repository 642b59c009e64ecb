// Counting, apart from the host: nothing here is imported from it, so it can be tested with any runner.

/** JSON, parsed. */
export type Value = null | boolean | number | string | Value[] | { [member: string]: Value };

/** What enough people agree on: the task's result. */
export interface Verdict {
  answer: Value;
  votes: number;
  total: number;
}

/** What an answer says to the question; null where it says nothing. */
export function valueAt(value: Value, question: string | undefined): Value {
  if (question === undefined) return value;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, question) ? (value[question] ?? null) : null;
}

/** What the values agree on, or why they do not. */
export function agreed(values: Value[], wanted: { agreement: number; minimum: number }): Verdict | string {
  const total = values.length;
  const [first, second] = tally(values);
  if (first === undefined || total < wanted.minimum) return `${total} answers count, ${wanted.minimum} are needed`;
  if (first.votes === second?.votes) return `several answers have ${first.votes} of ${total} votes`;
  if (first.votes / total < wanted.agreement) return `${first.votes} of ${total} agree, a share of ${wanted.agreement} is needed`;
  return { ...first, total };
}

/** The different values with their votes, most votes first. */
function tally(values: Value[]): { answer: Value; votes: number }[] {
  const counted = new Map<string, { answer: Value; votes: number }>();
  for (const answer of values) {
    const same = counted.get(spelled(answer));
    if (same) same.votes += 1;
    else counted.set(spelled(answer), { answer, votes: 1 });
  }
  return [...counted.values()].sort((one, other) => other.votes - one.votes);
}

/** JSON that is the same for the same value, in whatever order the members of its objects stand. */
function spelled(value: Value): string {
  return JSON.stringify(value, (_name, part: Value) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
