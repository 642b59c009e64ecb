// The settings: their schema, their defaults, and what the schema cannot say.

import { NAMES, namesIn } from './note.js';
import type { ServiceName } from './services.js';

export interface Settings {
  service: ServiceName;
  connection: string;
  decided: string;
  undecided: string;
  origins: string[];
}

const DEFAULTS = {
  decided: 'Task {{ task }}: {{ answer }} ({{ votes }} of {{ total }} agree)',
  undecided: '',
  origins: ['live'],
};

export const SETTINGS_SCHEMA = {
  type: 'object',
  required: ['service', 'connection'],
  properties: {
    service: { enum: ['slack', 'discord', 'mattermost'], description: 'Which service the connection leads to.' },
    connection: {
      type: 'string',
      format: 'crowdhook:connection',
      description: "The project's connection whose address is that of an incoming webhook of the service.",
    },
    decided: {
      type: 'string',
      maxLength: 1000,
      default: DEFAULTS.decided,
      description: 'The note when a task is decided, in the mark-up of the service. Empty: none.',
    },
    undecided: {
      type: 'string',
      maxLength: 1000,
      default: DEFAULTS.undecided,
      description: 'The note while a task is undecided. Empty: none.',
    },
    origins: {
      type: 'array',
      items: { enum: ['live', 'backfill', 'rerun', 'replay'] },
      default: DEFAULTS.origins,
      description: 'Which events count, by why they are here.',
    },
  },
  additionalProperties: false,
};

export function parseSettings(text: string): Settings {
  return { ...DEFAULTS, ...(JSON.parse(text) as Omit<Settings, keyof typeof DEFAULTS> & Partial<Settings>) };
}

/** What is wrong with settings that fit the schema. */
export function problems({ decided, undecided }: Settings): { at: string; message: string }[] {
  const unknown = Object.entries({ decided, undecided }).flatMap(([setting, template]) =>
    namesIn(template)
      .filter((name) => !NAMES.includes(name))
      .map((name) => ({ at: `/${setting}`, message: `there is no \`{{ ${name} }}\`; there are ${NAMES.join(', ')}` })),
  );
  if (decided.trim() !== '' || undecided.trim() !== '') return unknown;
  return [{ at: '/decided', message: 'nothing would ever be posted: write a text here or in `undecided`' }];
}
