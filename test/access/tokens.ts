import { type JWTPayload, SignJWT } from 'jose';

const SECRET = 'a shared secret of more than 32 bytes';

/** A service that takes the tokens below. */
export const ISSUER_ENVIRONMENT = {
  AUTH_MODE: 'jwt',
  JWT_SECRET: SECRET,
  JWT_ISSUER: 'https://issuer.example.com',
  JWT_AUDIENCE: 'runstream',
};

/** A token of the issuer, good for ten minutes unless it says otherwise. */
export function issuedToken(claims: JWTPayload, secret = SECRET): Promise<string> {
  return new SignJWT({ sub: 'somebody', exp: Math.floor(Date.now() / 1000) + 600, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER_ENVIRONMENT.JWT_ISSUER)
    .setAudience(ISSUER_ENVIRONMENT.JWT_AUDIENCE)
    .sign(new TextEncoder().encode(secret));
}
