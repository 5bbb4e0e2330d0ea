using System.Security.Cryptography;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>The names of <see cref="JwtAlgorithms"/>, which are compared as they are written: <c>rs256</c> is none.</summary>
internal static class JwtAlgorithmNames
{
    /// <summary>Every algorithm by its name.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<JwtAlgorithms>().Where(IsOne).Select(algorithm => algorithm.ToString())];

    /// <summary>The algorithm of that name; <see cref="JwtAlgorithms.None"/> where there is none.</summary>
    public static JwtAlgorithms Of(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("RS256"u8) => JwtAlgorithms.RS256,
        _ when name.SequenceEqual("ES256"u8) => JwtAlgorithms.ES256,
        _ when name.SequenceEqual("EdDSA"u8) => JwtAlgorithms.EdDSA,
        _ when name.SequenceEqual("HS256"u8) => JwtAlgorithms.HS256,
        _ when name.SequenceEqual("PS256"u8) => JwtAlgorithms.PS256,
        _ when name.SequenceEqual("RS384"u8) => JwtAlgorithms.RS384,
        _ when name.SequenceEqual("RS512"u8) => JwtAlgorithms.RS512,
        _ when name.SequenceEqual("ES384"u8) => JwtAlgorithms.ES384,
        _ when name.SequenceEqual("ES512"u8) => JwtAlgorithms.ES512,
        _ when name.SequenceEqual("PS384"u8) => JwtAlgorithms.PS384,
        _ when name.SequenceEqual("PS512"u8) => JwtAlgorithms.PS512,
        _ when name.SequenceEqual("HS384"u8) => JwtAlgorithms.HS384,
        _ when name.SequenceEqual("HS512"u8) => JwtAlgorithms.HS512,
        _ when name.SequenceEqual("Ed25519"u8) => JwtAlgorithms.Ed25519,
        _ => JwtAlgorithms.None,
    };

    /// <summary>The algorithms of these names.</summary>
    public static JwtAlgorithms SetOf(IEnumerable<string> names) =>
        names.Aggregate(JwtAlgorithms.None, (set, name) => set | Of(System.Text.Encoding.ASCII.GetBytes(name)));

    /// <summary>The hash that one algorithm signs.</summary>
    public static HashAlgorithmName HashOf(JwtAlgorithms algorithm) => algorithm switch
    {
        JwtAlgorithms.HS384 or JwtAlgorithms.RS384 or JwtAlgorithms.PS384 or JwtAlgorithms.ES384 => HashAlgorithmName.SHA384,
        JwtAlgorithms.HS512 or JwtAlgorithms.RS512 or JwtAlgorithms.PS512 or JwtAlgorithms.ES512 => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };

    private static bool IsOne(JwtAlgorithms algorithm) => int.IsPow2((int)algorithm);
}
