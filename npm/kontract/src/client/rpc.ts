import { settings } from "./configure.js";
import { httpTransport } from "./http.js";
import { type CallMeta, type CallOptions, hasCodec } from "./types.js";

/** Calls a route. Generated stubs use it; an application calls the stubs. */
export async function __kontract_rpc<Result = unknown>(
  route: string,
  args: readonly unknown[],
  meta: CallMeta,
  options: CallOptions = {},
): Promise<Result> {
  const { transport = httpTransport } = settings();
  const given = hasCodec(meta) ? args : jsonArguments(args);
  return (await transport.call({ route, args: given, meta, options })) as Result;
}

/** JSON has no undefined: at the end it is left out, before other arguments it is null. */
function jsonArguments(args: readonly unknown[]): unknown[] {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length -= 1;
  return Array.from({ length }, (_, index) => args[index] ?? null);
}
