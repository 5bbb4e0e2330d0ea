using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LoadBalancer.Peers.Contenders;

/// <summary>The tokens of a run, made before it: of RS256 with a key of 2048 bits, all of one length, a subject for each.</summary>
internal static class BenchTokens
{
    /// <summary>Who made them.</summary>
    public const string Issuer = "https://issuer.example.com";

    /// <summary>Whom they are for.</summary>
    public const string Audience = "bench";

    /// <summary>The file with a token a line, in the run's folder.</summary>
    public const string FileName = "tokens";

    private static readonly TimeSpan Life = TimeSpan.FromDays(1);

    /// <summary>The file with the public key.</summary>
    public static string KeyFileIn(RunContext run) => Path.Combine(run.Folder, "issuer.pem");

    /// <summary>Makes as many, on all cores.</summary>
    public static void Make(RunContext run, int count)
    {
        Console.Error.WriteLine($"{count} tokens are signed");
        using var rsa = RSA.Create(2048);
        File.WriteAllText(KeyFileIn(run), rsa.ExportSubjectPublicKeyInfoPem());
        var secret = rsa.ExportParameters(includePrivateParameters: true);
        var expires = (run.Time.GetUtcNow() + Life).ToUnixTimeSeconds();
        var header = Encode("""{"alg":"RS256","typ":"JWT"}""");
        var tokens = new string[count];
        Parallel.For(0, count, () => RSA.Create(secret), (at, _, key) =>
        {
            var subject = at.ToString("D8", CultureInfo.InvariantCulture);
            var signed = $"{header}.{Encode($$"""{"iss":"{{Issuer}}","aud":"{{Audience}}","sub":"user-{{subject}}","exp":{{expires}},"scope":"read write","roles":["rider"],"plan":"pro"}""")}";
            tokens[at] = $"{signed}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
            return key;
        }, key => key.Dispose());
        File.WriteAllText(Path.Combine(run.Folder, FileName), string.Join('\n', tokens) + "\n");
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
