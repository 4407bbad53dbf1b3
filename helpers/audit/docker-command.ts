/** A call of the Docker CLI or of Compose, taken apart. */
export interface DockerCommand {
  readonly compose: boolean;
  /** `down`, `run`, `volume prune`. */
  readonly verb: string;
  /** Values of each flag as written, in order; those without a value have `''`. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** What stands behind the flags: for `run` and `exec` the image, service or container, then the command in it. */
  readonly operands: readonly string[];
}

const VALUE_FLAGS: ReadonlySet<string> = new Set(
  (
    '-f --file -p --project-name --profile --env-file --project-directory --context -c --config --ansi --parallel ' +
    '--progress -H --host -l --log-level -v --volume -e --env --publish --name -w --workdir -u --user --network --net --mount ' +
    '--entrypoint --label --restart --volumes-from -h --hostname --platform --pull --memory -m --cpus --add-host --tmpfs ' +
    '--log-driver --log-opt --ulimit --shm-size --gpus --device --cap-add --cap-drop --security-opt --stop-timeout --index ' +
    '--filter -t --timeout --rmi --scale --wait-timeout --since --until --format --tail --signal -s'
  ).split(' '),
);

/** Where these stand behind the verb they have no value. */
const SWITCHES: Readonly<Record<string, readonly string[]>> = {
  run: ['-t'],
  exec: ['-t'],
  down: ['-v'],
  rm: ['-v', '-s', '-f'],
  'system prune': ['-f'],
  'volume prune': ['-f'],
  'volume rm': ['-f'],
};
const GROUPS: ReadonlySet<string> = new Set(['system', 'volume', 'container', 'image', 'network', 'builder']);
/** What stands behind the first operand of these belongs to a command of its own. */
const WITH_COMMAND: ReadonlySet<string> = new Set(['run', 'exec']);

/** @returns `null` for what is no Docker command */
export function dockerCommandOf(argv: readonly string[]): DockerCommand | null {
  const program = argv[0]?.split('/').at(-1);
  if (program !== 'docker' && program !== 'docker-compose' && program !== 'podman') return null;
  const words = argv.slice(1);
  let compose = program === 'docker-compose';
  const flags = new Map<string, string[]>();
  const operands: string[] = [];
  let verb = '';

  const takesValue = (flag: string): boolean => VALUE_FLAGS.has(flag) && !(SWITCHES[verb]?.includes(flag) ?? false);
  const add = (flag: string, value: string): void => void flags.set(flag, [...(flags.get(flag) ?? []), value]);

  while (words.length > 0) {
    const word = words.shift() as string;
    if (word.startsWith('--')) {
      const [flag = word, value] = word.split(/=(.*)/s, 2);
      add(flag, value ?? (takesValue(flag) ? (words.shift() ?? '') : ''));
    } else if (/^-[A-Za-z]/.test(word)) {
      // `-it`, `-dT`, `-vt 5`: the first letter that takes a value takes the rest, or the next word.
      for (let index = 1; index < word.length; index++) {
        const flag = `-${word[index]}`;
        if (!takesValue(flag)) {
          add(flag, '');
          continue;
        }
        add(flag, word.slice(index + 1).replace(/^=/, '') || (words.shift() ?? ''));
        break;
      }
    } else if (verb === '' && !compose && word === 'compose') compose = true;
    else if (verb === '' && GROUPS.has(word) && !compose) verb = `${word} ${words.shift() ?? ''}`;
    else if (verb === '') verb = word;
    else if (WITH_COMMAND.has(verb)) {
      operands.push(word, ...words.splice(0));
    } else operands.push(word);
  }
  return { compose, verb, flags, operands };
}

/** Is one of these flags given, and not as `=false`? */
export function hasFlag({ flags }: DockerCommand, ...names: readonly string[]): boolean {
  return names.some((name) => flags.get(name)?.some((value) => value !== 'false') ?? false);
}
