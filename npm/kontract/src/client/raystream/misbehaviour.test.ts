import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { changed } from "../../testing/forger.js";
import { Impostor } from "../../testing/impostor.js";
import { ANSWERS } from "../../testing/misbehaviour/posts.js";
import { BY_SERVERS, OF_ANY_RECORD } from "../../testing/misbehaviour/records.js";
import { RESPONSES } from "../../testing/misbehaviour/responses.js";
import { streamOf, stubOf, webSocket, wireOf } from "../../testing/raystream.js";
import { configure, disconnect } from "../index.js";

let impostor: Impostor;
let stub: ReturnType<typeof stubOf>;
let stream: ReturnType<typeof streamOf>;
let leave: AbortController;
beforeEach(async () => {
  impostor = await Impostor.listen();
  const wire = await wireOf(new Uint8Array(32).fill(0x11));
  [stub, stream] = [stubOf(wire), streamOf(wire)];
  leave = new AbortController();
  configure({ baseUrl: impostor.url, webSocket });
});
afterEach(async () => {
  leave.abort();
  await disconnect();
  configure({ baseUrl: undefined, transport: undefined, webSocket: undefined });
  impostor.close();
});

/** What becomes of a call that is given up when its server has been found out. */
function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    (value) => `answered ${JSON.stringify(value)}`,
    (error: unknown) => (leave.signal.aborted ? "given up" : String(error)),
  );
}

/** The items may have come to an end before. */
const UNANSWERED = /^(given up|HttpError(: .*)?|answered {"done":true})$/;

describe("a client leaves a server", () => {
  beforeEach(() => configure({ transport: "stream" }));

  test.each(RESPONSES)("that begins with %s", async (_, make) => {
    let called: Promise<string> | undefined;
    await impostor.begin(() => (called = outcome(stub("echo", [], { signal: leave.signal }))), make);
    leave.abort();
    expect(await called).toBe("given up");
  });

  test.each([...OF_ANY_RECORD, ...BY_SERVERS])("that sends %s", async (_, make) => {
    const { signal } = leave;
    const outcomes: Promise<string>[] = [];
    await impostor.goOn(
      () => outcomes.push(outcome(stub("echo", [], { signal }))),
      () => outcomes.push(outcome(stream("ticks", [], { signal }).next())),
      make,
    );
    leave.abort();
    for (const known of await Promise.all(outcomes)) expect(known).toMatch(UNANSWERED);
  });
});

describe("a client believes no POST's answer", () => {
  test.each(ANSWERS)("of %s", async (_, change) => {
    configure({ transport: "post" });
    impostor.spoil = (answer) => changed(answer, change);
    const called = [outcome(stub("echo", [], { signal: leave.signal })), outcome(stub("echo", [], { signal: leave.signal }))];
    await expect.poll(() => impostor.answered).toBeGreaterThan(1);
    leave.abort();
    expect(await Promise.all(called)).toEqual(["given up", "given up"]);
  });
});
