import type { IncomingMessage } from "node:http";
import { invalid, NotFoundError } from "../errors.js";
import type { Accounts } from "./auth.js";
import { readCredential, readJson } from "./request.js";
import { type Answer, jsonAnswer } from "./respond.js";

/** The methods of the paths below `/auth/`. */
export const AUTH_METHODS: Readonly<Record<string, string>> = {
  anonymous: "POST",
  register: "POST",
  login: "POST",
  logout: "POST",
  me: "GET",
};

/** Serves `/auth/<action>`. */
export async function serveAuth(
  auth: Accounts,
  action: string,
  request: IncomingMessage,
  deadlineMs: number,
): Promise<Answer> {
  const body = request.method === "POST" ? await readJson(request, MAX_BYTES, deadlineMs) : undefined;
  switch (action) {
    case "anonymous":
      return jsonAnswer(201, await auth.anonymous());
    case "register": {
      const { email, password } = parseCredentials(body);
      return jsonAnswer(201, await auth.register(email, password));
    }
    case "login": {
      const { email, password } = parseCredentials(body);
      return jsonAnswer(200, await auth.login(email, password, request.socket.remoteAddress ?? ""));
    }
    case "logout":
      await auth.logout(readCredential(request));
      return { status: 204, headers: [], body: undefined };
    case "me":
      return jsonAnswer(200, await auth.me(readCredential(request)));
    default:
      throw new NotFoundError();
  }
}

function parseCredentials(body: unknown): { email: string; password: string } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalid("body: expected an object with email and password");
  }
  const { email, password, ...rest } = body as Record<string, unknown>;
  if (Object.keys(rest).length > 0) throw invalid("body: expected email and password only");
  if (typeof email !== "string") throw invalid("email: expected text", "email");
  if (typeof password !== "string") throw invalid("password: expected text", "password");
  return { email, password };
}

const MAX_BYTES = 8192;
