// Names of JSX's own import.
import { backend } from 'kontract';

export const _jsx = backend({}, async (x: number): Promise<string> => `_jsx ${JSON.stringify(<div>{x}</div>)}`);
export const _jsxs = backend({}, async (x: number): Promise<string> => `_jsxs ${JSON.stringify(<div>{x}<b /></div>)}`);
export const _Fragment = backend({}, async (x: number): Promise<string> => `_Fragment ${JSON.stringify(<>{x}</>)}`);
