// Messages over a WebSocket to this machine and back, as they are and as records.
import { AES_256_GCM, primitives } from '../../npm/kontract/dist/protocol/index.js';
import { fromClient, readFrame, RPC_CALL } from '../../npm/kontract/dist/protocol/frame/index.js';
import { halves } from './work.mjs';

/** So many are under way at once. */
const WINDOW = 64;

/** A side of the connection: `seal` what is sent, `open` what comes. */
export async function side(encrypted) {
  if (!encrypted) return { seal: (message) => message, open: (message) => message };
  const platform = await primitives();
  // Each direction has keys of its own; that they are the same bytes does not change what they cost.
  const [out, back] = [await halves(platform, AES_256_GCM), await halves(platform, AES_256_GCM)];
  return {
    seal: (message) => out.sealer.seal(RPC_CALL, 0, message, 0),
    open: (frame) => back.opener.open(readFrame(frame, 1 << 20, fromClient)),
  };
}

/** Echoes in a second. */
export async function echoes(WebSocket, url, encrypted, size, milliseconds) {
  const { seal, open } = await side(encrypted);
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
  const message = new Uint8Array(size).fill(7);
  let [sent, received] = [0, 0];
  let last = Promise.resolve();
  const send = () => {
    sent++;
    last = last.then(async () => socket.send(await seal(message)));
  };
  const started = performance.now();
  const ended = new Promise((resolve) => {
    let opening = Promise.resolve();
    socket.onmessage = ({ data }) => {
      opening = opening.then(async () => {
        if ((await open(new Uint8Array(data))).length !== size) throw new Error('another message');
        received++;
        if (performance.now() - started < milliseconds) send();
        else if (received === sent) resolve();
      });
    };
  });
  for (let i = 0; i < WINDOW; i++) send();
  await ended;
  const seconds = (performance.now() - started) / 1000;
  socket.close();
  return received / seconds;
}
