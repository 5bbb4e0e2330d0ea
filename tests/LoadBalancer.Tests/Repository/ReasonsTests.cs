using System.Globalization;
using System.Text.RegularExpressions;
using LoadBalancer.Faults;
using LoadBalancer.Http.Responses;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>The reasons that the documents explain are those that there are, with the statuses that clients get.</summary>
public sealed partial class ReasonsTests
{
    private static readonly FaultKind[] Kinds = [.. Enum.GetValues<FaultKind>().Where(kind => kind != FaultKind.None)];

    [Test]
    public void Each_reason_is_explained_to_operators()
    {
        var documents = WorkTree.Read("docs/operations.md") + WorkTree.Read("docs/life-of-a-connection.md");
        Assert.That(Kinds.Select(Code).Where(code => !documents.Contains($"`{code}`", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void The_table_of_statuses_is_what_clients_get()
    {
        var rows = Row().Matches(WorkTree.Read("docs/operations.md")).Select(row => (Code: row.Groups[1].Value, Status: int.Parse(row.Groups[2].Value, CultureInfo.InvariantCulture))).ToList();
        Assert.That(rows, Has.Count.GreaterThan(30));
        Assert.That(rows.Select(row => row.Code), Is.Unique);
        Assert.That(rows.Where(row => !Kinds.Any(kind => Code(kind) == row.Code && FaultResponse.Status(kind) == row.Status)), Is.Empty);
    }

    private static string Code(FaultKind kind) => new Fault(FaultSide.Internal, kind).Reason;

    [GeneratedRegex(@"^\| `(\w+)` \| ([45]\d\d) \| (?:client|upstream|internal) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
