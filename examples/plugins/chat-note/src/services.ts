// How each service takes a note, and how text is kept from being mark-up there.

export type ServiceName = 'slack' | 'discord' | 'mattermost';

interface Service {
  /** A note may have so many characters. */
  lengthMax: number;
  /** Makes of any text what shows as this text. */
  escape(text: string): string;
  /** The JSON that an incoming webhook takes. */
  message(text: string): object;
}

export const SERVICES: Record<ServiceName, Service> = {
  slack: {
    lengthMax: 4000,
    // These three make up every link and mention there (`<!channel>`).
    escape: (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;'),
    message: (text) => ({ text, unfurl_links: false, unfurl_media: false }),
  },
  discord: {
    lengthMax: 2000,
    escape: (text) => escapeMarkdown(text).replace(/</g, '\\<'),
    // Nobody is called, neither by the crowd nor by the template; 4 shows no previews of links.
    message: (content) => ({ content, allowed_mentions: { parse: [] }, flags: 4 }),
  },
  mattermost: {
    lengthMax: 4000,
    // A webhook may call everybody there; a sign without width after the @ keeps it from being a mention.
    escape: (text) => escapeMarkdown(text).replace(/@/g, '@\u200b'),
    message: (text) => ({ text }),
  },
};

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_~|>[\]()#+-]/g, '\\$&');
}
