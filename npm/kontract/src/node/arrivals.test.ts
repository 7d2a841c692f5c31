import { expect, test } from "vitest";
import { type Arrival, Arrivals } from "./arrivals.js";

test("whoever has been waited for longest makes way", () => {
  const arrivals = new Arrivals(100);
  const gone: string[] = [];
  const begin = (name: string): Arrival => {
    const arrival: Arrival = arrivals.begin(() => {
      gone.push(name);
      arrival.end();
    });
    return arrival;
  };
  const [idle, first, second] = [begin("idle"), begin("first"), begin("second")];
  first.add(60);
  second.add(40);
  expect(gone).toEqual([]);
  second.add(1);
  expect(gone).toEqual(["first"]);
  second.end();
  idle.add(100);
  expect(gone).toEqual(["first"]);
  begin("last").add(1);
  expect(gone).toEqual(["first", "idle"]);
});
