// Saves the answer that enough people agree on as the task's result.
//
// What the host offers to import, and what it promises of each function, stands in `types/`.

import { eventAnswers } from 'crowdhook:plugin/crowd@0.1.0';
import * as log from 'crowdhook:plugin/log@0.1.0';
import { save } from 'crowdhook:plugin/results@0.1.0';
import type { Description, Event, Problem } from 'crowdhook:plugin/types@0.1.0';

import { agreed, valueAt, type Value } from './count.js';

interface Settings {
  question?: string;
  agreement?: number;
  minimum?: number;
}

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
export function describe(): Description {
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
export function checkSettings(settings: string): Problem[] {
  const { question } = JSON.parse(settings) as Settings;
  const name = question?.trim();
  if (question === name) return [];
  return [{ at: '/question', message: `no answer has this name, with blanks around it; write "${name}"` }];
}

/** Handles one event: reads now, and what it asks for is done when it has returned. */
export async function handle(event: Event, settings: string): Promise<void> {
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
function count(event: Event, settings: string): void {
  const { question, agreement = 0.5, minimum = 1 } = JSON.parse(settings) as Settings;
  if (event.taskId === undefined) return;

  const values = eventAnswers()
    .filter((answer) => !answer.setAside)
    .map((answer) => valueAt(JSON.parse(answer.value) as Value, question))
    .filter((value) => value !== null);

  const verdict = agreed(values, { agreement, minimum });
  if (typeof verdict === 'string') log.write('info', verdict, []);
  // An event about no task did not get as far as here: `eventAnswers` rejects it.
  else save(event.taskId!, JSON.stringify(verdict));
}
