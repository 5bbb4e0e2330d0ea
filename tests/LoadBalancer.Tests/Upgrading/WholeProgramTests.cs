using LoadBalancer.Daemon.Upgrading;

namespace LoadBalancer.Daemon.Tests.Upgrading;

internal sealed class WholeProgramTests
{
    /// <summary>Parts that nothing in a quiet process asks for, of the framework and of a package, directly and by another one.</summary>
    [TestCase("System.IO.Pipes")]
    [TestCase("Microsoft.AspNetCore.Server.Kestrel.Core")]
    [TestCase("YamlDotNet")]
    public void Everything_that_the_program_refers_to_is_there(string assembly)
    {
        Assert.That(WholeProgram.Load(), Is.GreaterThan(50));
        Assert.That(AppDomain.CurrentDomain.GetAssemblies().Select(each => each.GetName().Name), Has.Member(assembly));
    }

    [Test]
    public void What_is_built_is_no_single_file() => Assert.That(WholeProgram.IsOneFile, Is.False);
}
