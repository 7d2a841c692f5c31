import type { env } from "kontract/runtime";

declare module "kontract/runtime" {
  interface StorageRegistry {
    tags: { name: string; uses: number };
  }
}

export type Tags = typeof env.storage.tags;
