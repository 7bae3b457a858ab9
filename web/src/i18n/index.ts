/** The language of the page: the browser's, until the user chooses. */

import { signal } from "@preact/signals";
import { en, type Texts } from "./en";
import { zh } from "./zh";

const LANGUAGES = { en, zh } as const;
export type Language = keyof typeof LANGUAGES;

const remembered = localStorage.getItem("language");
const first: Language = remembered === "en" || remembered === "zh" ? remembered : navigator.language.startsWith("zh") ? "zh" : "en";

export const language = signal<Language>(first);

export function setLanguage(next: Language): void {
  language.value = next;
  localStorage.setItem("language", next);
  document.documentElement.lang = next;
}

/** The text of a key, with `{name}` replaced by the values given. */
export function t(key: keyof Texts, values: Record<string, string | number> = {}): string {
  const text: string = LANGUAGES[language.value][key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
