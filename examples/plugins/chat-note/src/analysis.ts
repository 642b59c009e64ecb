// What another plugin says that the answers to a task come to: the payload of `task.analysed`, as far as a note needs it. The whole of it is
// described by `wit/analysis.schema.json`.

/** JSON, parsed. */
export type Value = null | boolean | number | string | Value[] | { [member: string]: Value };

export interface Analysis {
  answer: Value;
  votes: number;
  total: number;
  agreement: number;
  decided: boolean;
  reason: string;
}

const MEMBERS = { votes: 'number', total: 'number', agreement: 'number', decided: 'boolean', reason: 'string' };

/** The analysis, or why it is none: any plugin may emit one. */
export function parseAnalysis(payload: string): Analysis | string {
  const parsed = JSON.parse(payload) as Partial<Record<string, Value>>;
  const wrong = Object.entries(MEMBERS).find(([member, type]) => typeof parsed[member] !== type);
  if (wrong) return `its \`${wrong[0]}\` is no ${wrong[1]}`;
  return { answer: null, ...parsed } as Analysis;
}
