import { HttpError, HttpResp, NotFoundError } from "kontract";
import { __kontract_instance, ctx, env } from "kontract/runtime";
import { dataCodec } from "../../../src/testing/codec.ts";
import { __kontract_routes } from "./__kontract.js";
import { __chain_0, __chain_1 } from "./middleware.js";

export function greet(name) {
  return `${env.GREETING ?? "Hello"}, ${name}`;
}
export function echo(...args) {
  return args;
}
export function whoami() {
  const { sid, owner, tenant, perm, method, path, route, isAnonymous, ugroups, session, callId } = ctxFields();
  const expiresAt = session.expiresAt.toISOString();
  return { sid, owner, tenant, perm, method, path, route, isAnonymous, ugroups, session: { ...session, expiresAt }, callId };
}
function ctxFields() {
  return {
    sid: ctx.sid, owner: ctx.owner, tenant: ctx.tenant, perm: ctx.perm, method: ctx.method, path: ctx.path,
    route: ctx.route, isAnonymous: ctx.isAnonymous, ugroups: ctx.ugroups, session: ctx.session, callId: ctx.callId,
  };
}
export function headers() {
  return [...ctx.headers.keys()].concat(ctx.headers.get("cookie") ?? []);
}
export async function addNote(id, note) {
  await env.storage.notes.set(id, note);
  return listNotes();
}
export async function listNotes() {
  const notes = [];
  for await (const note of env.storage.notes) notes.push(note);
  return notes;
}
export function fail() {
  throw new Error("the database password is hunter2");
}
export function failFor(status, code) {
  throw new HttpError("told to fail", status, code);
}
export function missing() {
  throw new NotFoundError("Nothing here");
}
export function nothing() {}
export function respond(status, headers, data) {
  return new HttpResp(data ?? null, status, headers);
}
export function redirect(url) {
  return HttpResp.redirect(url);
}
export const running = [];
export async function hang() {
  running.push(ctx.callId);
  await new Promise((resolve, reject) => {
    ctx.signal.addEventListener("abort", () => {
      aborted.push(ctx.callId);
      reject(ctx.signal.reason);
    });
  });
}
export const aborted = [];
export async function lateWrite() {
  await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
  try {
    await env.storage.notes.set("late", { text: "late" });
    late.push("written");
  } catch (error) {
    late.push(error.code);
  }
}
export const late = [];
export function big(length) {
  return "x".repeat(length);
}
export function circular() {
  const value = {};
  value.self = value;
  return value;
}
export function setGroups(user, groups) {
  return env.auth.setGroups(user, groups);
}
export function variable(name) {
  return env[name] ?? null;
}
export function background() {
  ctx.waitUntil(Promise.reject(new Error("background failed")));
  ctx.waitUntil(new Promise((resolve) => setTimeout(() => resolve(finished.push(ctx.callId)), 20)));
}
export const finished = [];
export async function* numbers(until) {
  try {
    for (let number = 0; number < until; number += 1) yield number;
    if (until > 1000) throw new NotFoundError("No more numbers");
  } finally {
    finished.push(ctx.callId);
  }
}
export class Counter {
  count = 0;
  next() {
    this.count += 1;
    return this.count;
  }
}

const add = (name, most, handler, meta = { perm: 0 }) => __kontract_routes.set(name, { handler, meta, codec: dataCodec(most) });
add("greet", 1, (ctx, args) => greet(args[0]));
add("echo", Infinity, (ctx, args) => echo(...args));
add("whoami", 0, () => whoami(), { perm: 4, egroup: "api-v1" });
add("headers", 0, () => headers());
add("addNote", 2, (ctx, args) => addNote(args[0], args[1]), { perm: 2 });
add("listNotes", 0, () => listNotes(), { perm: 4 });
add("fail", 0, () => fail());
add("failFor", 2, (ctx, args) => failFor(args[0], args[1]));
add("missing", 0, () => missing());
add("nothing", 0, () => nothing());
add("respond", 3, (ctx, args) => respond(args[0], args[1], args[2]));
add("redirect", 1, (ctx, args) => redirect(args[0]));
add("hang", 0, () => hang());
add("lateWrite", 0, () => lateWrite());
add("big", 1, (ctx, args) => big(args[0]));
add("circular", 0, () => circular());
add("setGroups", 2, (ctx, args) => setGroups(args[0], args[1]), { perm: 7, ugroup: "admin" });
add("variable", 1, (ctx, args) => variable(args[0]));
add("background", 0, () => background());
add("wrapped", 1, (ctx, args) => __chain_0(ctx, () => greet(args[0])));
add("guarded", 0, (ctx) => __chain_1(ctx, () => greet("nobody")));
add("numbers", 1, (ctx, args) => numbers(args[0]), { perm: 0, streams: true });
add("Counter.next", 0, () => __kontract_instance(Counter).next());
