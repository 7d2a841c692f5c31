export interface Card { @primkey id: string; @int8 rank: number }

@backend() export async function card(id: string): Promise<Card> { const rank: number = <p title={1}>@int8</p>; return { id, rank }; }
//                                                                       ^^^^ TS2322
//                                                                                         ^^^^^ TS2322
