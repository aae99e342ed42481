const NAME = "token";

/**
 * Takes the token out of the address, so that it is in no copied link, and keeps it for this tab. The service prints
 * it as `/#token=…`.
 */
export function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get(NAME);
  if (given === null) return sessionStorage.getItem(NAME) ?? undefined;
  history.replaceState(null, "", "#/");
  keepToken(given);
  return given;
}

/** Calls back with the token when an address with one is opened in a page that is there already. */
export function watchToken(take: (token: string | undefined) => void): () => void {
  const follow = (): void => take(takeToken());
  addEventListener("hashchange", follow);
  return () => removeEventListener("hashchange", follow);
}

export function keepToken(token: string): void {
  sessionStorage.setItem(NAME, token);
}
