import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";

/**
 * The network address that a request comes from: what the proxy in front says, where the connection
 * comes from this machine or its own network; IPv6 by the network that one customer has.
 */
export function callerAddress({ socket, headersDistinct }: Pick<IncomingMessage, "socket" | "headersDistinct">): string {
  const remote = canonical(socket.remoteAddress ?? "");
  const address = isNear(remote) ? (forwarded(headersDistinct["x-forwarded-for"]) ?? remote) : remote;
  return isIP(address) === 6 && !isNear(address) ? networkOf(address) : address;
}

/** The last address: those before are what the caller of the proxy said. */
function forwarded(headers: readonly string[] = []): string | undefined {
  const last = headers.at(-1)?.split(",").at(-1)?.trim() ?? "";
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d+$|^\[(.+)\]:\d+$/.exec(last);
  const address = canonical(withPort?.[1] ?? withPort?.[2] ?? last);
  return isIP(address) === 0 ? undefined : address;
}

/** IPv4 as such, where it is told as IPv6. */
function canonical(address: string): string {
  const embedded = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return embedded ?? address;
}

function isNear(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && NEAR.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** The first four groups. */
function networkOf(address: string): string {
  const [text = ""] = address.split("%");
  const [head = "", tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const [front, back] = [head, tail ?? ""].map((groups) => (groups === "" ? [] : groups.split(":"))) as [string[], string[]];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => "0");
  const network = `${[...front, ...zeros, ...back].slice(0, 4).join(":")}::`;
  return new URL(`http://[${network}]`).hostname.slice(1, -1);
}

const NEAR = new BlockList();
for (const [network, prefix] of [["127.0.0.0", 8], ["10.0.0.0", 8], ["172.16.0.0", 12], ["192.168.0.0", 16]] as const) {
  NEAR.addSubnet(network, prefix, "ipv4");
}
NEAR.addAddress("::1", "ipv6");
NEAR.addSubnet("fc00::", 7, "ipv6");
