export interface User { @primkey id: string; @uint8 age: number }

export const greeting = (user: User): string => user.age;
//                                              ^^^^^^^^ TS2322
export const title = (): string => document.title;
//                                 ^^^^^^^^ TS2584
