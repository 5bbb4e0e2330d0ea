using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Balancing;

namespace LoadBalancer.Tests.Endpoints;

public sealed class EndpointLeaseTests
{
    private static readonly Fault[] Outcomes =
    [
        Fault.None,
        new(FaultSide.Upstream, FaultKind.ConnectRefused, Retryable: true),
        new(FaultSide.Upstream, FaultKind.ConnectTimeout, Retryable: true),
        new(FaultSide.Upstream, FaultKind.Reset),
        new(FaultSide.Client, FaultKind.Reset),
        new(FaultSide.Internal, FaultKind.Drained),
    ];

    [Test]
    public void Counts_as_open_until_it_is_returned()
    {
        var endpoint = Members.Endpoint(1);
        var one = endpoint.Lease();
        var two = endpoint.Lease();
        one.Return(Fault.None);

        Assert.That((endpoint.Load.Active, one.IsOpen, two.IsOpen), Is.EqualTo((1, false, true)));
    }

    [Test]
    public void Returns_once_however_often_it_is_told_to()
    {
        var endpoint = Members.Endpoint(1);
        var lease = endpoint.Lease();
        lease.Return(Fault.None);
        lease.Return(Fault.None);

        Assert.That((endpoint.Load.Leased, endpoint.Load.Returned), Is.EqualTo((1, 1)));
    }

    [Test]
    public void Names_its_endpoint_after_the_return()
    {
        var endpoint = Members.Endpoint(1);
        var lease = endpoint.Lease();
        lease.Return(Fault.None);

        Assert.That(lease.Endpoint, Is.SameAs(endpoint));
    }

    [Test]
    public void Returned_without_ever_being_taken_does_nothing()
    {
        var lease = default(EndpointLease);
        lease.Return(new Fault(FaultSide.Upstream, FaultKind.NoEndpoint));

        Assert.That(() => lease.Endpoint, Throws.InvalidOperationException);
    }

    [Test]
    public void Blames_the_endpoint_for_faults_of_the_upstream_side_alone()
    {
        var endpoint = Members.Endpoint(1);
        var observer = new CountingObserver();
        endpoint.Observer = observer;
        foreach (var outcome in Outcomes)
        {
            endpoint.Lease().Return(outcome);
        }

        Assert.That(observer.Failures, Is.EqualTo(3));
        Assert.That((endpoint.Load.Faults(FaultKind.Reset), endpoint.Load.Faults(FaultKind.Drained)), Is.EqualTo((1, 0)));
    }

    [Test]
    public void Tells_of_one_event_once_however_many_it_ended()
    {
        var endpoint = Members.Endpoint(1);
        var observer = new CountingObserver();
        endpoint.Observer = observer;
        for (var lease = 0; lease < 10; lease++)
        {
            endpoint.Lease().Return(new Fault(FaultSide.Upstream, FaultKind.Reset), isRepeat: lease > 0);
        }

        Assert.That((observer.Failures, endpoint.Load.Faults(FaultKind.Reset), endpoint.Load.Active), Is.EqualTo((1, 10, 0)));
    }

    [Test]
    public void Who_has_answered_was_not_outrun()
    {
        var endpoint = Members.Endpoint(1);
        var observer = new CountingObserver();
        endpoint.Observer = observer;
        var lease = endpoint.Lease();
        lease.Outrun(loop: 0, TimeSpan.FromSeconds(1));
        lease.Answered(loop: 0, TimeSpan.FromSeconds(2));
        lease.Outrun(loop: 0, TimeSpan.FromSeconds(3));
        lease.Return(Fault.None);
        lease.Outrun(loop: 0, TimeSpan.FromSeconds(4));
        Assert.That((observer.Outruns, observer.Failures, endpoint.Load.Answered), Is.EqualTo((1, 0, 1)));
    }

    [Test]
    public void Leaves_every_counter_at_zero_after_a_million_with_every_outcome_on_eight_threads()
    {
        const int Threads = 8, Leases = 1_000_000 / Threads;
        var endpoints = Enumerable.Range(1, 3).Select(Members.Endpoint).ToArray();
        var below = 0;
        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, thread =>
        {
            for (var at = 0; at < Leases; at++)
            {
                var endpoint = endpoints[(thread + at) % endpoints.Length];
                var lease = endpoint.Lease();
                try
                {
                    below += endpoint.Load.Active < 1 ? 1 : 0;
                }
                finally
                {
                    lease.Return(Outcomes[at % Outcomes.Length]);
                }
            }
        });

        Assert.That(endpoints.Select(endpoint => endpoint.Load.Active), Is.All.Zero);
        Assert.That(endpoints.Sum(endpoint => endpoint.Load.Leased), Is.EqualTo(Threads * Leases));
        Assert.That(below, Is.Zero, "an open lease was not counted");
    }

    private sealed class CountingObserver : FailureObserver
    {
        public int Failures { get; private set; }

        public int Outruns { get; private set; }

        public override void Failed(Endpoint endpoint, Fault fault, bool answered) => Failures++;

        public override void Outrun(Endpoint endpoint) => Outruns++;
    }
}
