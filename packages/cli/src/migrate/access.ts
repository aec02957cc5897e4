/**
 * Users and roles, as far as the source shows them to whoever asks. A server never tells a password, so users come without one unless
 * the caller has them: until then they can come in with a certificate only.
 */
import { isEtcdError } from "@kvorum/client";
import type { Side } from "./side.js";

export interface AccessResult {
  readonly roles: number;
  readonly users: number;
  /** Users that were made without a password. */
  readonly withoutPassword: readonly string[];
}

/** Copies what is not there; a role that is gets the permissions that it lacks, a user the roles. Undefined where the source shows nothing. */
export async function copyAccess(
  source: Side,
  target: Side,
  passwords: ReadonlyMap<string, string>,
): Promise<AccessResult | undefined> {
  const names = await namesOf(source);
  if (names === undefined) return undefined;
  const { roles, users } = names;
  for (const role of roles) await copyRole(source, target, role);
  const withoutPassword: string[] = [];
  for (const user of users) {
    const password = passwords.get(user);
    const isNew = await copyUser(source, target, user, password);
    if (isNew && password === undefined) withoutPassword.push(user);
  }
  return { roles: roles.length, users: users.length, withoutPassword };
}

async function namesOf(
  source: Side,
): Promise<{ readonly roles: readonly string[]; readonly users: readonly string[] } | undefined> {
  try {
    return {
      roles: await source.patiently((client, options) => client.auth.roleList(options)),
      users: await source.patiently((client, options) => client.auth.userList(options)),
    };
  } catch (error) {
    if (isEtcdError(error, "permission-denied") || isEtcdError(error, "not-supported")) return undefined;
    throw error;
  }
}

async function copyRole(source: Side, target: Side, role: string): Promise<void> {
  const { permissions } = await source.patiently((client, options) => client.auth.roleGet(role, options));
  await unlessThere("role-exists", () => target.patiently((client, options) => client.auth.roleAdd(role, options)));
  for (const { access, on } of permissions) {
    await target.patiently((client, options) => client.auth.roleGrantPermission(role, { access, on }, options));
  }
}

/** True where the user was not there before. */
async function copyUser(source: Side, target: Side, user: string, password: string | undefined): Promise<boolean> {
  const { roles } = await source.patiently((client, options) => client.auth.userGet(user, options));
  const credentials = password === undefined ? ({ noPassword: true } as const) : { password };
  const isNew = await unlessThere("user-exists", () =>
    target.patiently((client, options) => client.auth.userAdd(user, credentials, options)),
  );
  for (const role of roles) {
    await target.patiently((client, options) => client.auth.userGrantRole(user, role, options));
  }
  return isNew;
}

async function unlessThere(reason: "role-exists" | "user-exists", add: () => Promise<void>): Promise<boolean> {
  try {
    await add();
    return true;
  } catch (error) {
    if (!isEtcdError(error, reason)) throw error;
    return false;
  }
}
