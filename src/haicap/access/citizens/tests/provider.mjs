// A real OpenID provider (npm oidc-provider) with the national portal's claims, for the tests of this folder.
// Told by one line of JSON on standard input: issuer, port, redirect_uri, jwks, people (file of claims by sub).
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const lines = createInterface({ input: process.stdin });
const told = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);

const provider = new Provider(told.issuer, {
  clients: [{
    client_id: told.client_id,
    client_secret: told.client_secret,
    redirect_uris: [told.redirect_uri],
    token_endpoint_auth_method: "client_secret_post",
    id_token_signed_response_alg: "RS256",
  }],
  jwks: told.jwks,
  claims: {
    openid: ["sub"],
    profile: ["TechID", "LoaiTaiKhoan", "HoVaTen", "SoDinhDanh", "NgayThangNamSinh"],
  },
  pkce: { required: () => true },
  cookies: { keys: ["for tests only"] },
  // the file is read anew: what the state knows of a person changes between two sign-ins
  findAccount: (_context, sub) => ({
    accountId: sub,
    claims: () => ({ sub, ...JSON.parse(readFileSync(told.people, "utf8"))[sub] }),
  }),
});
provider.proxy = true;
const server = provider.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
