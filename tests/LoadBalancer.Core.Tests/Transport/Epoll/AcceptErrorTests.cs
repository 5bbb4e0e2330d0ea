using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

internal sealed class AcceptErrorTests
{
    // The numbers are Linux's on x64 and arm64: what accept(2) lists under "Error handling", and EPERM of a firewall.
    [TestCase(103, TestName = "ECONNABORTED")]
    [TestCase(4, TestName = "EINTR")]
    [TestCase(1, TestName = "EPERM")]
    [TestCase(100, TestName = "ENETDOWN")]
    [TestCase(71, TestName = "EPROTO")]
    [TestCase(92, TestName = "ENOPROTOOPT")]
    [TestCase(112, TestName = "EHOSTDOWN")]
    [TestCase(64, TestName = "ENONET")]
    [TestCase(113, TestName = "EHOSTUNREACH")]
    [TestCase(95, TestName = "EOPNOTSUPP")]
    [TestCase(101, TestName = "ENETUNREACH")]
    public void Costs_one_connection_and_no_pause(int error) => Assert.That(AcceptError.IsOfOneConnection((Errno)error), Is.True);

    [TestCase(24, "LimitNOFILE")]
    [TestCase(23, "fs.file-max")]
    [TestCase(105, "out of memory")]
    [TestCase(12, "out of memory")]
    [TestCase(28, "fs.epoll.max_user_watches")]
    [TestCase(88, "accept failed (88)")]
    public void Pauses_and_names_what_ran_out(int error, string why)
    {
        Assert.That(AcceptError.IsOfOneConnection((Errno)error), Is.False);
        Assert.That(AcceptError.Explain((Errno)error), Does.Contain(why));
    }
}
