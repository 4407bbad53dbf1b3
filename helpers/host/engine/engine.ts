/** Where an engine came from. */
type EngineOrigin = 'installed' | 'archive' | 'packages';

/** The programs of a Docker Engine. All paths are absolute. */
export interface Engine {
  readonly origin: EngineOrigin;
  readonly version: string;
  readonly dockerd: string;
  readonly docker: string;
  /** Folders for the engine's PATH: containerd, its shim, runc, docker-proxy, docker-init. */
  readonly path: readonly string[];
  /** Shared libraries that the machine may lack. */
  readonly libraries: readonly string[];
}

/** Plugins of the Docker CLI. */
export interface Plugins {
  readonly compose: string;
  readonly composeVersion: string;
  readonly buildx: string;
}

/** What assembled images need of a machine. */
export interface ImageTools {
  readonly git: string;
  /** Folder of git's own programs. */
  readonly gitCore: string;
  /** Statically linked. */
  readonly tini: string;
  /** Statically linked. */
  readonly busybox: string;
  /** Shared libraries that the machine may lack. */
  readonly libraries: readonly string[];
}

/** What a private host needs of a machine besides the engine. */
export interface HostTools extends ImageTools {
  readonly slirp4netns: string;
  /** Folder with `iptables` and its kin, in the variant that this kernel knows. */
  readonly iptables: string;
  /** Folder of iptables' extensions; `null` for its built-in one. */
  readonly xtables: string | null;
}

/** The network of a host of our own, as packages bring it. */
export interface NetworkTools {
  readonly slirp4netns: string;
  /** Folders with `iptables` and its kin in their two variants, of which a kernel may know but one. */
  readonly iptables: Readonly<Record<'nft' | 'legacy', string>>;
  readonly xtables: string;
  readonly libraries: readonly string[];
}

/** All that a private host is made of. */
export interface Toolchain {
  readonly engine: Engine;
  readonly plugins: Plugins;
  readonly tools: HostTools;
}

export interface EngineOptions {
  /** The engine of this Debian suite instead of the newest one. */
  readonly engineVersionFrom?: string | undefined;
  /** `packages` overlooks what is installed. */
  readonly from?: 'anywhere' | 'packages';
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** One way to get an engine; `null` where it does not apply. */
export interface EngineSource {
  readonly origin: EngineOrigin;
  find(home: string, options: EngineOptions): Promise<Engine | null>;
}
