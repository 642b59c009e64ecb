// The text of a note: a template of the project, filled with what the crowd said.

import type { Analysis, Value } from './analysis.js';

/** What stands for a value in a template: `{{ answer }}`. */
const PLACE = /\{\{\s*(.*?)\s*\}\}/gs;
/** Of what people wrote, at most so many letters are shown. */
const SHOWN_MAX = 200;

/** The values, by the names that templates use. */
export function places(analysis: Analysis, task: string | undefined, project: string): Record<string, string> {
  return {
    answer: analysis.answer === null ? 'undecided' : shown(analysis.answer),
    votes: String(analysis.votes),
    total: String(analysis.total),
    agreement: `${Math.round(analysis.agreement * 100)} %`,
    reason: analysis.reason,
    task: task ?? '',
    project,
  };
}

/** The names that a template may use. */
export const NAMES = ['answer', 'votes', 'total', 'agreement', 'reason', 'task', 'project'];

/** The names that a template does use. */
export function namesIn(template: string): string[] {
  return [...template.matchAll(PLACE)].map(([, name]) => name ?? '');
}

/** The template stays as its author wrote it, mark-up and all; what is filled in is escaped. */
export function filled(template: string, values: Record<string, string>, escape: (text: string) => string): string {
  return template.replace(PLACE, (_place, name: string) => escape(tame(values[name] ?? '')));
}

/** An answer as people read it: `{"species": "robin", "count": 2}` is `species: robin, count: 2`. */
function shown(value: Value): string {
  if (Array.isArray(value)) return value.map(shown).join(', ');
  if (typeof value !== 'object' || value === null) return String(value ?? '–');
  return Object.entries(value)
    .map(([name, part]) => `${name}: ${shown(part)}`)
    .join(', ');
}

/** Text of the crowd with nothing in it that acts: one line, not too long, no links, no signs that turn the direction of writing around. */
function tame(text: string): string {
  const line = text
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .replace(/(?:\b[a-z][a-z0-9+.-]*:\/\/|\bwww\.)[^\s()<>[\]]+/gi, '(link)')
    .trim();
  const letters = [...line];
  return letters.length > SHOWN_MAX ? `${letters.slice(0, SHOWN_MAX).join('')}…` : line;
}
