// A real OpenID provider for the tests: node provider.mjs CLIENT_SECRET. It writes its port on standard output, and ends with its standard input.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [{
      client_id: 'lb',
      client_secret: process.argv[2],
      redirect_uris: ['https://app.test/.lb/callback'],
      post_logout_redirect_uris: ['https://app.test/bye'],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    }],
    scopes: ['openid', 'offline_access', 'email'],
    claims: { openid: ['sub', 'roles'], email: ['email'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true, methods: ['S256'] },
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: true }, introspection: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com`, roles: ['admin'] }) }),
    ttl: { AccessToken: 300, IdToken: 600, Grant: 3600, Session: 3600, Interaction: 600 },
  });
  provider.on('server_error', (_, error) => console.error(error));
  server.on('request', provider.callback());
  console.log(port);
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
