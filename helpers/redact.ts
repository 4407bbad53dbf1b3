import { OutlastError } from './errors.ts';

/** Stands where a secret stood. */
export const REDACTED = '[redacted]';

/** Values that many keep under a secret's name and nobody keeps secret; without them a report could not be read any more. */
const COMMON: ReadonlySet<string> = new Set(
  'true false yes no on off none null undefined default root admin user password secret test dev development production staging localhost example'.split(
    ' ',
  ),
);

const SECRET_NAME =
  /pass|pwd|(^|_)pw$|secret|token|key(s|_id|_?v?\d+)?$|credential|auth|dsn$|salt|cookie|session|private|webhook|licen[cs]e/i;
/** It says where the secret is, or whose. */
const PLACE_NAME = /_(file|path|dir|host|port|user|username|name)$/i;
/** Up to the first `@` and up to the last: a password may have some of its own, and a list more than one URL. */
const URL_PASSWORDS: readonly RegExp[] = [
  /[a-z][\w+.-]*:\/\/[^:@/\s]*:([^@\s"']+)@/gi,
  /[a-z][\w+.-]*:\/\/[^:@/\s]*:([^\s"',]+)@/gi,
];
const SETTING = /([\w.-]+)["']?\s*[=:]\s*["']?([^\s"';,&]+)/g;
/** A value behind its flag, or behind its name in a Dockerfile. */
const FLAG = /(?:(?<![^\s"'])--?|^\s*(?:ENV|ARG)\s+)([A-Za-z][\w-]*)(?:\s+|=)["']?([^\s"']+)/gm;
/** Flags that no name gives away, and what they are flags of. */
const PASSWORD_FLAGS: readonly RegExp[] = [
  /\b(?:mysql|mariadb)[\w-]*\s(?:[^\n|;&]*?\s)?-p["']?([^\s"']+)/g,
  /\bsshpass\s+-p\s*["']?([^\s"']+)/g,
  /\bredis-cli\s(?:[^\n|;&]*?\s)?(?:-a|--pass)\s+["']?([^\s"']+)/g,
  /\bcurl\s(?:[^\n|;&]*?\s)?(?:-u|--user)\s*["']?[^\s:"']+:([^\s"']+)/g,
];
/** Letters and digits mixed in one go, longer than a word. */
const RANDOM = /(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{12,}/i;

/** Shorter values are no secrets, and are found everywhere. */
const SHORTEST = 4;
/** From here on a value is looked for inside of words too. */
const UNMISTAKABLE = 8;

/** Takes secrets out of everything that is shown or written. */
export class Redactor {
  readonly #secrets = new Set<string>();
  readonly #spared = new Set<string>();
  #pattern: RegExp | null = null;

  /** Words that stand for something else in every output: a password that is called like a service is no secret. */
  spare(words: Iterable<string>): void {
    for (const word of words) this.#spared.add(word);
    this.#pattern = null;
  }

  /** A setting: secret when its name or its value looks so. */
  learn(name: string, value: string): void {
    for (const pattern of URL_PASSWORDS) for (const [, password = ''] of value.matchAll(pattern)) this.#keep(password);
    for (const [, inner = '', setting = ''] of value.matchAll(SETTING)) {
      if (isSecretName(inner)) this.#keep(setting);
    }
    if (isSecretName(name) || (RANDOM.test(value) && !isPath(value))) this.learnSecret(value);
  }

  /** Commands: what they say by name, by flag or in a URL; not what a variable holds. */
  learnCommands(text: string): void {
    const told = [SETTING, FLAG].flatMap((pattern) =>
      [...text.matchAll(pattern)].map(([, name = '', value = '']) =>
        isSecretName(name.replaceAll('-', '_')) && !isPath(value) ? value : '',
      ),
    );
    const bare = [...URL_PASSWORDS, ...PASSWORD_FLAGS].flatMap((pattern) =>
      [...text.matchAll(pattern)].map(([, value = '']) => value),
    );
    for (const value of [...told, ...bare]) if (!/^[$-]/.test(value)) this.#keep(value);
  }

  /** Secret as a whole, and line by line. */
  learnSecret(text: string): void {
    this.#keep(text);
    const lines = text.split('\n');
    if (lines.length > 1) for (const line of lines) this.#keep(line);
  }

  /** A file of settings: secret as a whole, and line by line as each looks. */
  learnSettings(text: string): void {
    this.#keep(text);
    for (const line of text.split('\n')) {
      const [name = '', value = ''] = /^\s*["']?([\w.-]+)["']?\s*[:=\s]\s*(.+?)[,;]?\s*$/.exec(line)?.slice(1) ?? [];
      this.learn(name, value.replaceAll(/^["']|["']$/g, ''));
    }
  }

  text(text: string): string {
    this.#pattern ??= this.#compiled();
    return this.#pattern === null ? text : text.replace(this.#pattern, REDACTED);
  }

  /** The same in every string of a value, keys included. */
  value<T>(value: T): T {
    return this.#value(value) as T;
  }

  /** An error that tells the same and no secret. */
  error(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    const message = this.text(error.message);
    if (error instanceof OutlastError) {
      return new OutlastError(error.code, message, {
        detail: error.detail === undefined ? undefined : this.text(error.detail),
        cause: this.error(error.cause),
      });
    }
    const stack = error.stack === undefined ? undefined : this.text(error.stack);
    return Object.assign(error, { message, stack });
  }

  #value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((each) => this.#value(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [this.text(key), this.#value(each)]));
  }

  #keep(text: string): void {
    const secret = text.trim();
    if (secret.length < SHORTEST || COMMON.has(secret.toLowerCase()) || /^\d{1,5}$/.test(secret)) return;
    this.#secrets.add(secret);
    this.#pattern = null;
  }

  #compiled(): RegExp | null {
    const forms = [...this.#secrets].filter((secret) => !this.#spared.has(secret)).flatMap(formsOf);
    // The longest first: one secret may begin another.
    const sorted = [...new Set(forms)].toSorted((a, b) => b.length - a.length);
    if (sorted.length === 0) return null;
    const parts = sorted.map((form) =>
      form.length < UNMISTAKABLE ? `(?<![A-Za-z0-9])${escaped(form)}(?![A-Za-z0-9])` : escaped(form),
    );
    return new RegExp(parts.join('|'), 'g');
  }
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !PLACE_NAME.test(name);
}

function isPath(value: string): boolean {
  return /^[.~]?\.?\//.test(value);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** As it stands in text, in JSON, in a URL and in base64. */
function formsOf(secret: string): string[] {
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    ...(secret.length < UNMISTAKABLE ? [] : [Buffer.from(secret).toString('base64').replace(/=+$/, '')]),
  ];
}
