// Saves the answer that enough people agree on as the task's result.
//
// What the host offers to import, and what it promises of each function, stands in the `.wit` files.

import { eventAnswers } from 'crowdhook:plugin/crowd@0.1.0';
import * as log from 'crowdhook:plugin/log@0.1.0';
import { save } from 'crowdhook:plugin/results@0.1.0';

const SETTINGS_SCHEMA = {
  type: 'object',
  properties: {
    question: {
      type: 'string',
      minLength: 1,
      description: 'The member of the answers that is voted on, where answers are JSON objects. Without it, the whole answer.',
    },
    agreement: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.5,
      description: 'The share of the counted answers that has to agree.',
    },
    minimum: { type: 'integer', minimum: 1, default: 1, description: 'How many answers have to count.' },
  },
  additionalProperties: false,
};

/** What this plugin is. Called once, when it is loaded. */
export function describe() {
  return {
    name: 'vote',
    version: '0.1.0',
    summary: 'Saves the answer that enough people agree on.',
    handles: ['task.completed'],
    needs: ['results'],
    settingsSchema: JSON.stringify(SETTINGS_SCHEMA),
    extra: '{}',
  };
}

/** What is wrong with settings that fit the schema. */
export function checkSettings(settings) {
  const { question } = JSON.parse(settings);
  if (question === undefined || question === question.trim()) return [];
  return [{ at: '/question', message: `no answer has this name, with blanks around it; write "${question.trim()}"` }];
}

/** Handles one event: reads now, and what it asks for is done when it has returned. */
export async function handle(event, settings) {
  try {
    // Awaited for the day on which it is `async`: a promise that nobody waits for is lost, failure and all.
    await count(event, settings);
  } catch (error) {
    // A failure of the host's own functions says everything. Of any other exception the log should say where it comes from.
    if (error instanceof Error && !('payload' in error)) log.write('error', `${error}\n${error.stack}`, []);
    throw error;
  }
}

/** Saves what enough of the answers agree on. */
function count(event, settings) {
  const { question, agreement = 0.5, minimum = 1 } = JSON.parse(settings);
  const values = eventAnswers()
    .filter((answer) => !answer.setAside)
    .map((answer) => valueAt(JSON.parse(answer.value), question))
    .filter((value) => value !== null);

  const verdict = agreed(values, { agreement, minimum });
  if (typeof verdict === 'string') log.write('info', verdict, []);
  else save(event.taskId, JSON.stringify(verdict));
}

/** What an answer says to the question; null where it says nothing. */
function valueAt(value, question) {
  if (question === undefined) return value;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, question) ? value[question] : null;
}

/** What the values agree on, or why they do not. */
function agreed(values, { agreement, minimum }) {
  const total = values.length;
  if (total < minimum) return `${total} answers count, ${minimum} are needed`;
  const [first, second] = tally(values);
  if (first.votes === second?.votes) return `several answers have ${first.votes} of ${total} votes`;
  if (first.votes / total < agreement) return `${first.votes} of ${total} agree, a share of ${agreement} is needed`;
  return { ...first, total };
}

/** The different values with their votes, most votes first. */
function tally(values) {
  const counted = new Map();
  for (const answer of values) {
    const same = counted.get(spelled(answer));
    if (same) same.votes += 1;
    else counted.set(spelled(answer), { answer, votes: 1 });
  }
  return [...counted.values()].sort((one, other) => other.votes - one.votes);
}

/** JSON that is the same for the same value, in whatever order the members of its objects stand. */
function spelled(value) {
  return JSON.stringify(value, (_name, part) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
