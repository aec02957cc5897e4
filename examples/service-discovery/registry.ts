/** The instances that this process keeps registered. */
import { HttpError } from "../shared/http.js";
import { CheckedRegistration, type RegistrationParts } from "./checked-registration.js";
import { keyOf, type Service } from "./service.js";

const REGISTRATIONS_MAX = 1_000;

export class Registry implements AsyncDisposable {
  readonly #parts: RegistrationParts;
  /** A promise each, so that two requests for one instance share one registration. */
  readonly #registrations = new Map<string, Promise<CheckedRegistration>>();

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  /** Registering what is registered already changes nothing. Errors: `HttpError` 503 when there are too many. */
  async register(service: Service): Promise<void> {
    const key = keyOf(service);
    const existing = this.#registrations.get(key);
    if (existing !== undefined) {
      await existing;
      return;
    }
    if (this.#registrations.size >= REGISTRATIONS_MAX) throw new HttpError(503, "too many registrations");
    const opening = CheckedRegistration.open(service, this.#parts);
    this.#registrations.set(key, opening);
    const forget = (): void => {
      if (this.#registrations.get(key) === opening) this.#registrations.delete(key);
    };
    opening.then(({ ended }) => ended.then(forget, forget), forget);
    await opening;
  }

  /** Errors: `HttpError` 404 for what is not registered here. */
  async deregister(service: Service): Promise<void> {
    const registration = this.#registrations.get(keyOf(service));
    if (registration === undefined) throw new HttpError(404, `${keyOf(service)} is not registered here`);
    await (await registration).close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = await Promise.allSettled(this.#registrations.values());
    await Promise.all(all.map((each) => (each.status === "fulfilled" ? each.value.close() : undefined)));
  }
}
