// A certified OpenID provider on loopback: whoever signs in is who they say, and consents in a form.
// node server.js PORT REDIRECT_URI
import Provider from "oidc-provider";

const [port, redirect] = process.argv.slice(2);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "syncd",
      client_secret: "a secret: with / signs & all",
      redirect_uris: [redirect],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  pkce: { methods: ["S256"], required: () => true },
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email", "email_verified"] },
  cookies: { keys: ["only for tests"] },
  ttl: { Interaction: 600, Session: 600, Grant: 600, AuthorizationCode: 60, AccessToken: 600, IdToken: 600 },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id,
      name: `${id} at the provider`,
      email: `${id}@example.org`,
      email_verified: !id.startsWith("unverified"),
    }),
  }),
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
