// What a side of a session is asked, and what it tells. Bytes are hexadecimal, so that all of it is JSON.

export type Pairs = readonly (readonly [string, string])[];

export interface Call {
  readonly method: string;
  readonly args: string;
  readonly metadata: Pairs;
  readonly id: string;
}

export interface Response {
  readonly in_reply_to: number;
  readonly status: number;
  readonly headers: Pairs;
  readonly result: string;
}

export interface Failure {
  readonly in_reply_to: number;
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly path: string | null;
  readonly stack: string | null;
}

export type Reply =
  | { readonly type: 'Response'; readonly response: Response }
  | { readonly type: 'Failure'; readonly failure: Failure };

export type What =
  | { readonly do: 'seed'; readonly seed: number; readonly max_frame: number; readonly rekey_records: number }
  | { readonly do: 'connect'; readonly ciphers: readonly number[]; readonly resume: boolean }
  | { readonly do: 'accept' | 'timeout' | 'end' | 'close' | 'post_done' }
  | { readonly do: 'frames'; readonly frames: readonly string[] }
  | { readonly do: 'call'; readonly call: Call }
  | { readonly do: 'subscribe'; readonly topic: string; readonly credit: number }
  | { readonly do: 'cancel'; readonly target: number }
  | { readonly do: 'credit'; readonly target: number; readonly n: number }
  | { readonly do: 'respond' | 'post_respond'; readonly response: Response }
  | { readonly do: 'fail' | 'post_fail'; readonly failure: Failure }
  | { readonly do: 'send'; readonly in_reply_to: number; readonly item: string }
  | { readonly do: 'post_connect'; readonly ciphers: readonly number[] }
  | { readonly do: 'post_finish' | 'post_read' | 'post_handshake' | 'post_open'; readonly body: string }
  | { readonly do: 'post_request'; readonly calls: readonly Call[]; readonly call_id: string };

export type Ask = What & { readonly now: number };

export type Event =
  | Reply
  | { readonly type: 'Opened'; readonly resumed?: boolean; readonly schema?: string }
  | { readonly type: 'Item'; readonly item: { readonly in_reply_to: number; readonly item: string } }
  | { readonly type: 'Call'; readonly sequence: number; readonly call: Call }
  | { readonly type: 'Subscribe'; readonly sequence: number; readonly topic: string }
  | { readonly type: 'Cancel' | 'Unsubscribe' | 'Credit'; readonly target: number }
  | { readonly type: 'Ended'; readonly how: string; readonly unanswered: readonly number[] }
  | { readonly type: 'Pass' | 'Missed' | 'Refresh' | 'Entered' | 'Refused' };

export interface Told {
  readonly frames?: readonly string[];
  readonly events?: readonly Event[];
  readonly timeout?: number | null;
  readonly error?: string;
  readonly number?: number;
  readonly body?: string;
  readonly numbers?: readonly number[];
  readonly calls?: readonly (readonly [number, Call])[];
  readonly replies?: readonly Reply[];
}

/** One who speaks raystream. */
export interface Side {
  ask(what: Ask): Promise<Told>;
  close(): Promise<void>;
}
