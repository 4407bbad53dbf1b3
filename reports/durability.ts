import type { Layer } from '../helpers/verdict/model.ts';

export interface LayerWords {
  readonly name: string;
  /** What happens to the bytes. */
  readonly fate: string;
  /** Whether they outlive the container. */
  readonly holds: boolean;
}

/** How durable each layer is, in words. */
export const LAYER_WORDS: Readonly<Record<Layer, LayerWords>> = {
  bind: { name: 'a folder of the host', fate: 'outlives everything that Docker does', holds: true },
  'named-volume': { name: 'a named volume', fate: 'outlives its containers; down -v deletes it', holds: true },
  'anonymous-volume': { name: 'a volume without a name', fate: 'which the next container does not get', holds: false },
  container: { name: "the container's own layer", fate: 'gone with the container', holds: false },
  tmpfs: { name: 'memory', fate: 'gone when the container stops', holds: false },
  image: { name: 'the image', fate: 'comes back as built, without what was written later', holds: false },
};
