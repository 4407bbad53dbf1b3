import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { z } from 'zod';
import { Failure } from '../command.ts';
import { describe } from '../log.ts';
import { optional } from '../settings.ts';

const Environment = z.object({
  /** Of a server other than Amazon's. */
  S3_ENDPOINT: optional(z.url().optional()),
  S3_REGION: optional(z.string().default('us-east-1')),
  S3_BUCKET: z.string().min(1),
  S3_PREFIX: z.string().default(''),
  AWS_ACCESS_KEY_ID: z.string().min(1),
  AWS_SECRET_ACCESS_KEY: z.string().min(1),
});

const ignore = (): void => undefined;

/** A bucket on an S3-compatible server, by the environment. Its methods throw a `Failure`. */
export class Bucket {
  readonly #client: S3Client;
  readonly #name: string;
  readonly #prefix: string;

  constructor(environment: NodeJS.ProcessEnv) {
    const parsed = Environment.safeParse(environment);
    if (!parsed.success) throw new Failure('offsite-not-configured', z.prettifyError(parsed.error));
    const { S3_ENDPOINT, S3_REGION, S3_BUCKET, S3_PREFIX, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = parsed.data;
    this.#name = S3_BUCKET;
    this.#prefix = S3_PREFIX;
    this.#client = new S3Client({
      region: S3_REGION,
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
      ...(S3_ENDPOINT !== undefined && { endpoint: S3_ENDPOINT, forcePathStyle: true }),
      requestHandler: { connectionTimeout: 5000, requestTimeout: 60_000 },
      // A command ends in one line of its own; the client's remarks are not JSON.
      logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      // The checksum is our own, over the whole file; not every server takes the one that the client would append.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** The server checks what arrives against the checksum, and keeps that beside the file. One request: up to 5 GB. */
  async upload(file: string): Promise<{ key: string; bytes: number; sha256: string }> {
    const key = this.#prefix + basename(file);
    const sha256 = await sha256Of(createReadStream(file));
    const bytes = statSync(file).size;
    await this.#ask(async () =>
      this.#client.send(
        new PutObjectCommand({
          Bucket: this.#name,
          Key: key,
          Body: createReadStream(file),
          ContentLength: bytes,
          ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
          Metadata: { sha256 },
        }),
      ),
    );
    return { key, bytes, sha256 };
  }

  /** Reads the whole object again: what counts is what comes back. Throws offsite-damaged. */
  async check({ key, bytes, sha256 }: { key: string; bytes: number; sha256: string }): Promise<void> {
    const { body, length } = await this.#get(key);
    const found = await this.#ask(async () => sha256Of(body));
    if (found !== sha256 || length !== bytes)
      throw new Failure(
        'offsite-damaged',
        `${key} reads back as ${length} bytes, sha256 ${found}; sent: ${bytes} bytes, ${sha256}`,
      );
  }

  /** Throws offsite-damaged when the bytes are not those that were uploaded. */
  async download(key: string, to: string): Promise<void> {
    const { body, sha256 } = await this.#get(key);
    await this.#ask(async () => pipeline(body, createWriteStream(to)));
    const found = await sha256Of(createReadStream(to));
    if (found !== sha256)
      throw new Failure('offsite-damaged', `${key} has sha256 ${found}, was uploaded with ${sha256}`);
  }

  /** By name, which carries the time. Throws offsite-missing when there is none. */
  async newest(): Promise<string> {
    const keys: string[] = [];
    for (let token: string | undefined; ;) {
      const page = await this.#ask(async () =>
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#name,
            Prefix: this.#prefix,
            ...(token !== undefined && { ContinuationToken: token }),
          }),
        ),
      );
      keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
      token = page.NextContinuationToken;
      if (token === undefined) break;
    }
    const newest = keys
      .filter((key) => /^db-\d{8}T\d+Z\.(sqlite|sql)$/.test(basename(key)))
      .toSorted()
      .at(-1);
    if (newest === undefined) throw new Failure('offsite-missing', `no backup in ${this.#name}/${this.#prefix}`);
    return newest;
  }

  async #get(key: string) {
    const { Body, Metadata, ContentLength } = await this.#ask(async () =>
      this.#client.send(new GetObjectCommand({ Bucket: this.#name, Key: key })),
    );
    if (!(Body instanceof Readable)) throw new Failure('offsite-missing', `${key} has no content`);
    return { body: Body, length: ContentLength, sha256: Metadata?.['sha256'] };
  }

  async #ask<Answer>(request: () => Promise<Answer>): Promise<Answer> {
    try {
      return await request();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof S3ServiceException)) return new Failure('offsite-unreachable', describe(error).message);
    const { name, message, $metadata } = error;
    const answer = `${name} (${$metadata.httpStatusCode}): ${message}`;
    if (name === 'NoSuchBucket') return new Failure('offsite-bucket-missing', `${this.#name}: ${answer}`);
    if ($metadata.httpStatusCode === 403) return new Failure('offsite-refused', answer);
    if ($metadata.httpStatusCode === 404) return new Failure('offsite-missing', answer);
    return new Failure('offsite-failed', answer);
  }
}

async function sha256Of(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(stream, hash);
  return hash.digest('hex');
}
