import { HttpError } from "../errors.js";

/** An address as accounts are known by; refuses what is none. */
export function parseEmail(email: string): string {
  const address = normalizeEmail(email);
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1);
  const plausible =
    address.length <= MAX_EMAIL_LENGTH &&
    at > 0 &&
    !/[\s@\p{Cc}\p{Cf}]/u.test(address.slice(0, at) + domain) &&
    domain.includes(".") &&
    domain.split(".").every((label) => label !== "");
  if (!plausible) throw new HttpError("email: expected an e-mail address", 400, "INVALID_REQUEST", { path: "email" });
  return address;
}

/** Addresses that differ in case only are one account. */
export function normalizeEmail(email: string): string {
  return email.normalize("NFC").toLowerCase();
}

/** Refuses passwords that are too short or too long. */
export function checkPassword(password: string): void {
  if (password.length < 8 || password.length > 1024) {
    throw new HttpError("password: expected 8 to 1024 characters", 400, "INVALID_REQUEST", { path: "password" });
  }
}

/** The names of groups, each once. */
export function parseGroups(groups: readonly string[]): readonly string[] {
  if (!Array.isArray(groups) || groups.some((group) => typeof group !== "string" || group === "")) {
    throw new TypeError("setGroups: expected the names of groups");
  }
  return Object.freeze([...new Set(groups)]);
}

export const MAX_EMAIL_LENGTH = 254;
