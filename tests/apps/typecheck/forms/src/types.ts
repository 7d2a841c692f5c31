// Entities in every form. Each error is marked below its line.
export enum Color { Red = 'red', Blue = 'blue' }

export interface Note {
  @primkey id: string;
  @perm(perms.R__) writer: string; pages: Array<string, number>;
  //                                      ^^^^^^^^^^^^^^^^^^^^^ TS2314
  @unique /* 😀 größer */ @index name: string; color: Color;
  @int32 size: number;
}

@owned @table("boxes")
export interface Box { @primkey id: string; @float32 width: number; }

export const limits = { most: 10 };
export const unused = 1;
const hidden = 2;
//    ^^^^^^ TS6133
