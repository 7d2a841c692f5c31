// Tables that a registry lists, in two files.
import type { DefaultKey, StorageRegistry, TableProxy } from "kontract";
import { env } from "kontract/runtime";
import { expectType, type Same } from "./expect.js";

interface User {
  id: string;
  name: string;
}

declare module "kontract/runtime" {
  interface StorageRegistry {
    users: User;
  }
  interface Env {
    readonly API_KEY: string;
  }
}

expectType<Same<keyof StorageRegistry, "users" | "tags">>();
expectType<Same<typeof env.storage.users, TableProxy<User>>>();
expectType<Same<DefaultKey<User>, "id">>();
expectType<Same<typeof env.API_KEY, string>>();
expectType<Same<typeof env.OTHER, string | undefined>>();

export async function typed(): Promise<User | null> {
  const tags = env.storage.get("tags");
  await tags.push({ name: "a", uses: 1 });
  await env.storage.users.set("1", { name: "Ada" });
  // @ts-expect-error not a table
  env.storage.people;
  // @ts-expect-error not a table
  env.storage.get("people");
  // @ts-expect-error the name is missing
  await env.storage.users.set("1", {});
  const user = await env.storage.users.get("1");
  expectType<Same<typeof user, User | null>>();
  return user;
}
