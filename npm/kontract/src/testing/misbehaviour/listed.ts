import { fixture } from "../wire.js";

/** The misbehaviours of a kind, by name, and what each is blamed for in every implementation. */
export function listed(kind: string): Record<string, string> {
  const kinds = fixture<Record<string, Record<string, string>>>("misbehaviours.json");
  return kinds[kind] ?? {};
}

/** The same of cases that are tried. */
export function blamesOf(cases: readonly (readonly [name: string, make: unknown, blame: string])[]): Record<string, string> {
  return Object.fromEntries(cases.map(([name, , blame]) => [name, blame]));
}
