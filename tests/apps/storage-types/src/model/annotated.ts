import type { Role } from './user';

interface Part {
  size: number;
}

export interface Machine {
  name: string;
  @primkey serial: string;
  @perm(perms.R__) parts: Part[];
  owner: Role;
}
