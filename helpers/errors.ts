/** Every fault that Outlast can report, with the exit code of `run` and what to do. A data loss is a verdict, never one of these. */
export const ERRORS = {
  USAGE: { exit: 2, why: 'The command line is not understood.', fix: 'See `outlast --help`.' },
  UNKNOWN_DISRUPTION: { exit: 2, why: 'No disruption has this name.', fix: 'Use one of the names listed.' },
  UNKNOWN_STORE: { exit: 2, why: 'No store has this id or kind.', fix: 'Use one of the names listed.' },
  NO_COMPOSE_FILE: {
    exit: 2,
    why: 'There is no Compose file here.',
    fix: 'Run Outlast in the folder of a compose.yaml, or name one with -f.',
  },
  COMPOSE_INVALID: {
    exit: 2,
    why: 'Compose refuses the file.',
    fix: 'Correct the file; `docker compose config` must accept it.',
  },
  SERVICE_WITHOUT_IMAGE: {
    exit: 2,
    why: 'A service has neither an image nor a build.',
    fix: 'Give the service an `image:` or a `build:`.',
  },
  NO_DOCKERFILE: {
    exit: 2,
    why: 'The Dockerfile that a service is built from is not there.',
    fix: 'Correct `build:`; a relative path begins at the folder of the Compose file.',
  },
  KEY_REFUSED: {
    exit: 2,
    why: 'The stack asks for something that could reach beyond its shadow, so nothing was started.',
    fix: 'Leave it out of the stack that you let Outlast disrupt, for instance by an override file or by `leave_out` in outlast.yaml, or let it through by its name with --allow.',
  },
  UNKNOWN_KEY: {
    exit: 2,
    why: '--allow names a key that nothing here refuses.',
    fix: 'Take it out, or write the key as KEY_REFUSED names it.',
  },
  DATA_IN_USE: {
    exit: 2,
    why: 'The data is to be copied into the shadow, and a copy of data that is being written is worth nothing.',
    fix: 'Stop what writes it, for instance with `docker compose stop`, or leave out --data copy.',
  },
  CONFIG_INVALID: {
    exit: 2,
    why: 'outlast.yaml is not valid.',
    fix: 'Correct the line named; unknown keys are errors.',
  },
  CONFIG_EXISTS: {
    exit: 2,
    why: 'There is a configuration already, and nothing of yours is overwritten unasked.',
    fix: 'Name another file with --config, or overwrite it with --force.',
  },
  NO_STORES: {
    exit: 3,
    why: 'The stack has no place for data that Outlast can watch.',
    fix: 'Describe the stores in an outlast.yaml beside the Compose file.',
  },
  NO_BACKUP: {
    exit: 2,
    why: 'The disruption destroys the stack and restores its backup, and nobody said how.',
    fix: 'Add a `backup` section to outlast.yaml: how the backup is taken, and how it is restored.',
  },
  NO_REPORT: {
    exit: 2,
    why: 'There is no report to read.',
    fix: 'Name the folder of a run that has ended; `outlast run` writes it.',
  },
  REPORT_VERSION: {
    exit: 2,
    why: 'The report is of another version of the contract.',
    fix: 'Read it with the version of Outlast that wrote it, or run again.',
  },
  REPORT_DAMAGED: {
    exit: 2,
    why: 'The report is damaged, or no report.',
    fix: 'Run again; nothing can be shown of a report that is not whole.',
  },
  BASELINE_OTHER_STACK: {
    exit: 2,
    why: 'Runs of two stacks cannot be compared.',
    fix: 'Name a report of this stack with --baseline, or leave it out: the run before is found by itself.',
  },
  HISTORY_OTHER_STACK: {
    exit: 2,
    why: 'Reports of two stacks in one folder would hide each other, and cannot be compared.',
    fix: 'Name another folder with --out, or move the one that is there away, as when the stack has another name now.',
  },
  REPORT_OTHER_STACK: {
    exit: 2,
    why: 'The report is of another stack, or its Compose files, variables or profiles have changed since.',
    fix: 'Run `outlast run` on the stack that is to be deployed.',
  },
  REPORT_OTHER_COMMIT: {
    exit: 2,
    why: 'The report is of another commit.',
    fix: 'Run `outlast run` on the commit that is to be deployed.',
  },
  REPORT_UNCOMMITTED: {
    exit: 2,
    why: 'No commit holds what was tested, or what is to be deployed.',
    fix: 'Commit or ignore what `git status` shows, and run `outlast run` again. Where it shows nothing, a filter kept that from being seen; git has looked now, so ask once more.',
  },
  REPORT_TOO_OLD: {
    exit: 2,
    why: 'The report is older than the policy allows, or of the future.',
    fix: 'Run `outlast run` again, or raise `gate.age` in outlast.yaml.',
  },
  EXCEPTION_EXPIRED: {
    exit: 2,
    why: 'The policy accepts something for a time that is over.',
    fix: 'Take the exception out of outlast.yaml, or give it a new date.',
  },
  OUTPUT_UNWRITABLE: {
    exit: 2,
    why: 'The output folder cannot be written.',
    fix: 'Name a folder that you may write with --out.',
  },
  DOCKER_HOST_INVALID: {
    exit: 2,
    why: 'What DOCKER_HOST or the context of the Docker CLI names is no address of an engine.',
    fix: 'Write it as unix:///var/run/docker.sock, tcp://HOST:PORT or ssh://USER@HOST, or unset it.',
  },
  NO_ENGINE: {
    exit: 3,
    why: 'No Docker Engine answers, and none of our own can be brought up here.',
    fix: 'Start Docker, or run Outlast as root on Linux so that it can bring up a private engine.',
  },
  ENGINE_TOO_OLD: {
    exit: 3,
    why: 'The Docker Engine is older than 20.10.',
    fix: 'Upgrade the engine, or use --host private.',
  },
  COMPOSE_V1: {
    exit: 3,
    why: 'Only Compose v1 was found, which reached its end of life in 2023.',
    fix: 'Install the Compose v2 plugin, or use --host private.',
  },
  NO_COMPOSE: {
    exit: 3,
    why: 'The Docker CLI has no Compose plugin.',
    fix: 'Install Compose v2, or use --host private.',
  },
  ENGINE_UNAVAILABLE: {
    exit: 3,
    why: 'No source could give an engine.',
    fix: 'Install Docker, check that the Debian mirror answers, or give a static archive with OUTLAST_ENGINE_URL and OUTLAST_ENGINE_SHA256.',
  },
  CHECKSUM_MISMATCH: {
    exit: 3,
    why: 'A downloaded archive is not the one that was promised.',
    fix: 'Check OUTLAST_ENGINE_URL and OUTLAST_ENGINE_SHA256.',
  },
  HOST_BOOT_FAILED: {
    exit: 3,
    why: 'The Docker host did not come up.',
    fix: 'Read the log excerpt; it is the engine’s own.',
  },
  HOST_CANNOT: {
    exit: 2,
    why: 'This kind of host cannot be had here.',
    fix: 'Use another --host: private (Linux, root), nested (an engine that runs privileged containers) or ambient; or leave it out and let Outlast choose.',
  },
  NOT_LINUX: {
    exit: 2,
    why: 'Outlast takes the programs that it brings into containers from this machine, so they must be for Linux.',
    fix: 'Run it in WSL 2 on Windows, or in a Linux container that has the socket of the engine; docs/hosts.md shows how.',
  },
  IMAGE_UNAVAILABLE: {
    exit: 3,
    why: 'An image is neither here nor pullable.',
    fix: 'Check its name, log in to its registry, or build it with a `build:` section.',
  },
  BUILD_FAILED: {
    exit: 3,
    why: 'The image does not build.',
    fix: 'Read the build log; `docker compose build` shows the same.',
  },
  UP_FAILED: {
    exit: 3,
    why: 'The stack does not start.',
    fix: 'Read the log excerpt; `docker compose up` shows the same.',
  },
  NEVER_READY: {
    exit: 3,
    why: 'A service never became ready.',
    fix: 'Read its log; raise --timeout if it is only slow.',
  },
  STORE_REFUSED: {
    exit: 3,
    why: 'The server of a store is there and refuses the login, so nothing can be said of its data.',
    fix: 'Give the store `user`, `password` and `database`, or an `url`, in outlast.yaml.',
  },
  STORE_ABSENT: {
    exit: 3,
    why: 'What a store of outlast.yaml names is not there in the running service, and what Outlast would make there itself says nothing of your data.',
    fix: 'Correct `path`. For what the app makes later, name the folder that it will make it in.',
  },
  DISK_FULL: { exit: 3, why: 'The disk is full.', fix: 'Free some space, or move the cache with OUTLAST_HOME.' },
  INTERRUPTED: {
    exit: 130,
    why: 'The run was interrupted.',
    fix: 'Nothing, unless the message says that something is left: then `outlast clean`.',
  },
  INTERNAL: { exit: 3, why: 'Outlast itself failed.', fix: 'Please report this with the message.' },
} as const satisfies Record<string, { exit: number; why: string; fix: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** A fault of set-up, host or configuration. `message` says what happened; the table says why and what to do. */
export class OutlastError extends Error {
  readonly code: ErrorCode;
  /** Log excerpt or list that helps to understand, shown below the message. */
  readonly detail: string | undefined;

  constructor(code: ErrorCode, message: string, options: { detail?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'OutlastError';
    this.code = code;
    this.detail = options.detail;
  }

  get exitCode(): number {
    return ERRORS[this.code].exit;
  }
}

/** Something of a run is left, and its journal with it. */
export class CleanUpError extends AggregateError {}
