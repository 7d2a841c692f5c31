import type { Reason } from '~/shared';

export enum Tool {
  Saw = 'saw',
  File = 'file',
}

type Wear = Record<Tool, number>;

export class Workshop {
  private wear: Wear = { [Tool.Saw]: 0, [Tool.File]: 0 };

  constructor(private readonly limit: number = 0) {}

  @backend({
    perm: perms.R__,
    egroup: 'probe',
  })
  async use(tool: Tool): Promise<number> {
    this.wear[tool] += 1;
    if (this.wear[tool]! > this.limit) throw new RangeError(`${tool} is blunt`);
    return this.wear[tool];
  }

  @backend() static async complain(reason: Reason): Promise<never> { throw new Error(reason as string); }
}
