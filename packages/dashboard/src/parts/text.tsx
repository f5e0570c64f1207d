import type { VNode } from 'preact';

/** What a terminal or a line of text would obey: C0, DEL, C1, and what turns the direction of text around. */
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** The same with all that is not seen written out, as `\u202e`. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * A value from outside: a task, a label, data. Never markup, its unseen characters shown, and its direction its own
 * (https://www.w3.org/TR/html52/textlevel-semantics.html#the-bdi-element).
 */
export function Text({ value, class: name }: { value: string; class?: string }): VNode {
  return <bdi class={name}>{visible(value)}</bdi>;
}
