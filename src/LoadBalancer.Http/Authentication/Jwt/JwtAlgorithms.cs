namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>Signature algorithms of JSON web tokens, and sets of them (RFC 7518 section 3.1, RFC 8037, RFC 9864). <c>none</c> is not among them.</summary>
[Flags]
internal enum JwtAlgorithms
{
    /// <summary>No algorithm.</summary>
    None = 0,

    /// <summary>HMAC with SHA-256.</summary>
    HS256 = 1 << 0,

    /// <summary>HMAC with SHA-384.</summary>
    HS384 = 1 << 1,

    /// <summary>HMAC with SHA-512.</summary>
    HS512 = 1 << 2,

    /// <summary>RSA by PKCS #1 v1.5 with SHA-256.</summary>
    RS256 = 1 << 3,

    /// <summary>RSA by PKCS #1 v1.5 with SHA-384.</summary>
    RS384 = 1 << 4,

    /// <summary>RSA by PKCS #1 v1.5 with SHA-512.</summary>
    RS512 = 1 << 5,

    /// <summary>RSA by PSS with SHA-256, and a salt of the hash's length.</summary>
    PS256 = 1 << 6,

    /// <summary>RSA by PSS with SHA-384.</summary>
    PS384 = 1 << 7,

    /// <summary>RSA by PSS with SHA-512.</summary>
    PS512 = 1 << 8,

    /// <summary>ECDSA on P-256 with SHA-256.</summary>
    ES256 = 1 << 9,

    /// <summary>ECDSA on P-384 with SHA-384.</summary>
    ES384 = 1 << 10,

    /// <summary>ECDSA on P-521 with SHA-512.</summary>
    ES512 = 1 << 11,

    /// <summary>Ed25519 or Ed448, as the key is.</summary>
    EdDSA = 1 << 12,

    /// <summary>Ed25519 by its own name.</summary>
    Ed25519 = 1 << 13,

    /// <summary>Those whose key is a secret that both sides have.</summary>
    OfSecrets = HS256 | HS384 | HS512,

    /// <summary>Those of RSA keys.</summary>
    OfRsa = RS256 | RS384 | RS512 | PS256 | PS384 | PS512,

    /// <summary>Those of Edwards curves.</summary>
    OfEdwards = EdDSA | Ed25519,
}
