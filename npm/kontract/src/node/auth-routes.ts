import type { IncomingMessage } from "node:http";
import { invalid, NotFoundError } from "../errors.js";
import { callerAddress } from "./address.js";
import type { Accounts } from "./auth.js";
import { readCredential } from "./request.js";
import { type Answer, jsonAnswer } from "./respond.js";

/** The methods of the paths below `/auth/`. */
export const AUTH_METHODS: Readonly<Record<string, string>> = {
  anonymous: "POST",
  register: "POST",
  login: "POST",
  logout: "POST",
  me: "GET",
};

/** Serves `/auth/<action>`, for which a POST brings a body. */
export async function serveAuth(
  auth: Accounts,
  action: string,
  request: IncomingMessage,
  body: unknown,
): Promise<Answer> {
  const from = callerAddress(request);
  const host = request.headers.host ?? "";
  switch (action) {
    case "anonymous":
      return jsonAnswer(201, await auth.anonymous(from, host));
    case "register": {
      const { email, password } = parseCredentials(body);
      return jsonAnswer(201, await auth.register(email, password, from, host));
    }
    case "login": {
      const { email, password } = parseCredentials(body);
      return jsonAnswer(200, await auth.login(email, password, from, host));
    }
    case "logout":
      await auth.logout(readCredential(request), host);
      return { status: 204, headers: [], body: undefined };
    case "me":
      return jsonAnswer(200, await auth.me(readCredential(request), host));
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

/** Of a body. */
export const MAX_AUTH_BYTES = 8192;
