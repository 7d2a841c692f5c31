// Annotations as decorators, where TypeScript itself has decorators: checked with
// standard decorators and with `experimentalDecorators`.
import { backend, float32, index, int32, mwfilter, owned, perm, perms, primkey, table, uint64, unique } from "kontract";

@owned
@table("people")
export class Person {
  @primkey id = "";
  @perm(perms.R__) email = "";
  @index @int32 age = 0;
  @unique handle: string | null = null;
  @float32 ratio = 0;
  @uint64 count = 0;
}

export class PersonService {
  @backend() static async get(id: string): Promise<string> {
    return id;
  }
  @backend static async list(): Promise<string[]> {
    return [];
  }
  @backend({ ugroup: "admin", perm: perms.RWX, egroup: "api-v1" })
  async rename(id: string, name: string): Promise<void> {
    void [id, name];
  }
  @backend({ name: "sizeOf" }) size(): number {
    return 0;
  }
  @mwfilter({ egroup: "api-v1" }) static async guard(): Promise<void> {}
}

export class Wrong {
  // @ts-expect-error a mask is a number
  @perm("R__") a = "";
  // @ts-expect-error an unknown option
  @backend({ group: "admin" }) b(): void {}
  // @ts-expect-error a field is not a backend function
  @backend() c = "";
}
