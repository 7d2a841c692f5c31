import { expect, test } from "vitest";
import { __kontract_instance } from "./instance.js";

test("a class has one instance", () => {
  class Counter {}
  class Other {}
  expect(__kontract_instance(Counter)).toBeInstanceOf(Counter);
  expect(__kontract_instance(Counter)).toBe(__kontract_instance(Counter));
  expect(__kontract_instance(Other)).not.toBe(__kontract_instance(Counter));
});
