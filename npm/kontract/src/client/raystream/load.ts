import type { Sealed } from "./sealed.js";

/** A part of the program did not come: no word on the server, which is asked again with the next call. */
export class NotLoaded extends Error {}

/** Loads the protocol. */
export async function loadSealed(): Promise<Sealed> {
  try {
    const { Sealed } = await import("./sealed.js");
    return await Sealed.of();
  } catch (error) {
    throw new NotLoaded("the code for encrypted calls could not be loaded", { cause: error });
  }
}
