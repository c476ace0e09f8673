/** What a token looks like, ours or a JWT, wherever it stands, and what is commonly named as one. */
const secrets =
  /yara_[0-9A-Za-z]+|eyJ[\w-]*\.[\w-]*(?:\.[\w-]*)*|(?<=[?&;](?:access_token|authorization|token|bearer)=)[^&#;]+/gi;

/** The URL of a request as logs may have it: clients put tokens into it, which we refuse, but which are secret nevertheless. */
export function loggableUrl(url: string): string {
  return url.replace(secrets, '[removed]');
}
