// Parameters have decorators with `experimentalDecorators` only.
import { int32, uint8 } from "kontract";

export class Counter {
  step: number;
  constructor(@uint8 step: number) {
    this.step = step;
  }
  add(@int32 by: number): number {
    return this.step + by;
  }
}
