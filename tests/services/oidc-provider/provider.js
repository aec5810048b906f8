// A provider of OpenID Connect with one client. Its keys are new at each start. Whoever logs in is who they say they are; what
// the provider knows of them is what a test has put to /test/people/<login>.
// usage: node provider.js '{"port": 9000, "client": {…}}'   prints "ready" when it listens

import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'

const { port, client } = JSON.parse(process.argv[2])
const issuer = `http://127.0.0.1:${port}`
const people = new Map()

function key() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }
}

const provider = new Provider(issuer, {
  clients: [client],
  jwks: { keys: [key()] },
  cookies: { keys: ['of a test'] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email'] },
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
  // Its own one refuses the addresses of this machine, where the chats of the tests are.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  // Asks for credentials and for nothing else.
  async loadExistingGrant(context) {
    const { client: asking, session, params } = context.oidc
    const grant = new context.oidc.provider.Grant({ clientId: asking.clientId, accountId: session.accountId })
    grant.addOIDCScope(params.scope)
    await grant.save()
    return grant
  },
})

provider.use(async (context, next) => {
  const [, login] = context.path.match(/^\/test\/people\/(.+)$/) ?? []
  if (!login) return next()
  const chunks = []
  for await (const chunk of context.req) chunks.push(chunk)
  people.set(decodeURIComponent(login), JSON.parse(Buffer.concat(chunks)))
  context.status = 204
})

provider.listen(port, '127.0.0.1', () => console.log('ready'))
