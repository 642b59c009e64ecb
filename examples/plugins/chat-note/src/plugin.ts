// Posts a note to a chat (Slack, Discord, Mattermost) about what the answers to a task come to.

import { getProject } from 'crowdhook:plugin/crowd@0.1.0';
import { send } from 'crowdhook:plugin/http@0.1.0';
import * as log from 'crowdhook:plugin/log@0.1.0';
import type { Description, Event, Problem } from 'crowdhook:plugin/types@0.1.0';

import { parseAnalysis } from './analysis.js';
import { filled, namesIn, places } from './note.js';
import { SERVICES } from './services.js';
import { parseSettings, problems, SETTINGS_SCHEMA } from './settings.js';

export function describe(): Description {
  return {
    name: 'chat-note',
    version: '0.1.0',
    summary: 'Posts a note to Slack, Discord or Mattermost about what the answers to a task come to.',
    handles: ['task.analysed'],
    needs: ['http.send'],
    settingsSchema: JSON.stringify(SETTINGS_SCHEMA),
    extra: '{}',
  };
}

export function checkSettings(settings: string): Problem[] {
  return problems(parseSettings(settings));
}

/** Handles one event: reads now, and what it asks for is done when it has returned. */
export async function handle(event: Event, settings: string): Promise<void> {
  try {
    // Awaited for the day on which it is `async`: a promise that nobody waits for is lost, failure and all.
    await note(event, settings);
  } catch (error) {
    // A failure of the host's own functions says everything. Of any other exception the log should say where it comes from.
    if (error instanceof Error && !('payload' in error)) log.write('error', `${error}\n${error.stack}`, []);
    throw error;
  }
}

/** Posts the note, if there is one to post. */
function note(event: Event, settings: string): void {
  const { service: name, connection, decided, undecided, origins } = parseSettings(settings);
  if (!origins.includes(event.origin)) return log.write('debug', `no note about an event of origin ${event.origin}`, []);

  const analysis = parseAnalysis(event.payload);
  if (typeof analysis === 'string') throw rejected(`the payload is no analysis: ${analysis}`);
  const template = analysis.decided ? decided : undecided;
  if (template === '') return;

  const service = SERVICES[name];
  // The platform is asked for the title only where it is to be shown.
  const title = namesIn(template).includes('project') ? getProject().title : '';
  const text = filled(template, places(analysis, event.taskId, title), service.escape);
  if (text.length > service.lengthMax) {
    throw rejected(`the note has ${text.length} characters, ${name} takes ${service.lengthMax}: make the text in the settings shorter`);
  }

  const body = JSON.stringify(service.message(text));
  const request = { method: 'POST', path: '', headers: [{ name: 'content-type', value: 'application/json' }], body };
  // One note when a task is decided, and one while it is not, however often it is analysed.
  const once = `note/${event.taskId ?? event.id}/${analysis.decided ? 'decided' : 'undecided'}`;
  send(connection, request, once);
}

/** What `handle` throws to give up on an event, with words for people. */
function rejected(why: string): { payload: { tag: 'reject'; val: string } } {
  return { payload: { tag: 'reject', val: why } };
}
