import { expect, test } from "vitest";
import { Throttle } from "./throttle.js";

test("so many attempts are let through within a minute", () => {
  const throttle = new Throttle(2);
  throttle.attempt("ada", 0);
  throttle.attempt("ada", 1);
  expect(() => throttle.attempt("ada", 59_999)).toThrow("Rate limit exceeded");
  throttle.attempt("grace", 2);
  throttle.attempt("ada", 60_000);
});

test("a success starts anew", () => {
  const throttle = new Throttle(1);
  throttle.attempt("ada", 0);
  throttle.succeed("ada");
  throttle.attempt("ada", 1);
});

test("names without end forget the oldest", () => {
  const throttle = new Throttle(1);
  throttle.attempt("first", 0);
  for (let name = 0; name < 10_000; name += 1) throttle.attempt(`name ${name}`, 1);
  throttle.attempt("first", 2);
});
