// What the JavaScript engine of a plugin has beyond the language itself, as far as plugins use it. There is more (`URL`, `atob`,
// `structuredClone`); add its line here. What a browser or Node has and this engine has not is left out, so that the compiler says so.

declare const console: Record<'debug' | 'info' | 'log' | 'warn' | 'error', (...values: unknown[]) => void>;

declare class TextEncoder {
  encode(text: string): Uint8Array;
}

declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}
