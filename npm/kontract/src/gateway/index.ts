/**
 * What compiled server modules find as `kontract` and `kontract/runtime` inside the
 * gateway's isolates. The gateway runs it as one script: `npm run gateway`.
 *
 * @packageDocumentation
 */
import { abort, serve, unwrap } from "./call.js";
import { classes } from "./classes.js";
import { describeThrown, makeError } from "./failure.js";
import { host } from "./host.js";
import * as library from "./library.js";

Object.assign(host, { serve, unwrap, abort, describe: describeThrown, makeError, classes, library: { ...library } });

export * from "./library.js";
