using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication.Basic;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication.Basic;

internal sealed class PasswordWorkersTests
{
    // A tenth of a second for each, so that the others wait meanwhile.
    private const string Slow = "$6$rounds=200000$abc$R.mQFuY96M2NCzgmUM64b13Nb5RJNUOIQ6vlSjx2EbM6j.CJgHSfLQykgElPYjMVGY63b2Z5jX2euEcVyrKr9/";

    private readonly ManualTime _time = new();

    [Test]
    public async Task A_password_is_verified_and_what_came_of_it_is_remembered_until_its_time()
    {
        var users = Users(("alice", PasswordFileTests.Bcrypt));
        var workers = new PasswordWorkers(1, 10, TimeSpan.FromSeconds(10), _time);
        Assert.That(await Check(workers, users, "alice", "secret"), Is.EqualTo(PasswordVerdict.Right));
        Assert.That(await Check(workers, users, "alice", "Secret"), Is.EqualTo(PasswordVerdict.Wrong));
        Assert.That(await Check(workers, users, "bob", "secret"), Is.EqualTo(PasswordVerdict.Wrong), "her hash stands in for his, and is not his");
        Assert.That((users.TryRecall(Key("alice", "secret"), out var identity, out _), identity?.Subject), Is.EqualTo((true, "alice")));
        Assert.That((users.TryRecall(Key("bob", "secret"), out identity, out var refusal), identity, refusal), Is.EqualTo((true, (object?)null, FaultKind.PasswordWrong)));
        _time.Advance(TimeSpan.FromSeconds(PasswordTable.RememberedSeconds));
        Assert.That(users.TryRecall(Key("alice", "secret"), out _, out _), Is.False);
    }

    [Test]
    public async Task A_file_without_users_knows_nobody() =>
        Assert.That(await Check(new PasswordWorkers(1, 1, TimeSpan.FromSeconds(10), _time), Users(), "alice", ""), Is.EqualTo(PasswordVerdict.Wrong));

    [Test]
    public async Task So_many_wait_and_no_more_and_whoever_has_given_up_costs_nothing()
    {
        var users = Users(("alice", Slow));
        var workers = new PasswordWorkers(1, 2, TimeSpan.FromSeconds(10), _time);
        var first = Add(workers, users, "alice", "wrong 1");
        Assert.That(() => workers.Waiting, Is.Zero.After(Loopback.TimeoutMs, 1));
        var (second, third) = (Add(workers, users, "alice", "wrong 2"), Add(workers, users, "alice", "secret"));
        Assert.That((workers.Waiting, Add(workers, users, "alice", "wrong 3")), Is.EqualTo((2, (PasswordCheck?)null)));
        second!.GiveUp(new Fault(FaultSide.Client, FaultKind.ClientClosed));
        Assert.That(await second.Ended, Is.EqualTo(PasswordVerdict.Unknown));
        Assert.That((await first!.Ended, await third!.Ended), Is.EqualTo((PasswordVerdict.Wrong, PasswordVerdict.Right)));
        Assert.That(users.TryRecall(Key("alice", "wrong 2"), out _, out _), Is.False, "nobody has looked");
    }

    [Test]
    public void One_client_that_sends_many_at_once_keeps_none_of_another_waiting()
    {
        var users = Users(("alice", Slow));
        var workers = new PasswordWorkers(1, 128, TimeSpan.FromSeconds(60), _time);
        var guesses = Enumerable.Range(0, 128).Select(at => Add(workers, users, "alice", $"wrong {at}", client: 1)).OfType<PasswordCheck>().ToList();
        Assert.That((guesses.Count, workers.MostOfClient), Is.EqualTo((16, 16)));
        Assert.That(Add(workers, users, "alice", "wrong", client: 1), Is.Null);
        Assert.That(new[] { Add(workers, users, "alice", "wrong", client: 2), Add(workers, users, "alice", "wrong") }, Has.None.Null, "others, and who has no address, wait for their turn");
        guesses.ForEach(guess => guess.GiveUp(new Fault(FaultSide.Client, FaultKind.ClientClosed)));
        Assert.That(() => workers.Waiting, Is.Zero.After(Loopback.TimeoutMs, 1));
        Assert.That(() => Add(workers, users, "alice", "again", client: 1), Is.Not.Null.After(Loopback.TimeoutMs, 1), "what has ended makes room");
    }

    [Test]
    public async Task Whoever_has_waited_for_too_long_is_not_looked_at()
    {
        var users = Users(("alice", Slow));
        var workers = new PasswordWorkers(1, 2, TimeSpan.FromSeconds(10), _time);
        var first = Add(workers, users, "alice", "wrong 1")!;
        Assert.That(() => workers.Waiting, Is.Zero.After(Loopback.TimeoutMs, 1));
        var second = Add(workers, users, "alice", "secret")!;
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.That((await first.Ended, await second.Ended), Is.EqualTo((PasswordVerdict.Wrong, PasswordVerdict.Unknown)));
    }

    private static byte[] Key(string user, string password) => System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes($"{user}:{password}"));

    private PasswordTable Users(params (string User, string Hash)[] users) => new(
        "p", new BasicOptions("/f"), PasswordFile.Parse(string.Concat(users.Select(user => $"{user.User}:{user.Hash}\n")), "f", new ConfigReader())!, _time, new Random(1));

    private static PasswordCheck? Add(PasswordWorkers workers, PasswordTable users, string user, string password, ulong? client = null)
    {
        var check = new PasswordCheck(users, user, Encoding.UTF8.GetBytes(password + "\0"), Key(user, password), workers.Now, client);
        return workers.TryAdd(check) ? check : null;
    }

    private static Task<PasswordVerdict> Check(PasswordWorkers workers, PasswordTable users, string user, string password) => Add(workers, users, user, password)!.Ended;
}
