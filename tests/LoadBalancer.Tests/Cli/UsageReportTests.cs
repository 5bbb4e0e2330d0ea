using System.Text.Json;
using LoadBalancer.Daemon.Cli;

namespace LoadBalancer.Daemon.Tests.Cli;

internal sealed class UsageReportTests
{
    private static readonly JsonElement Usage = JsonElement.Parse("""
        {"version": 1, "month": "2026-11", "since": "2026-11-01T00:00:00+00:00", "until": "2026-11-22T12:00:00+00:00", "instances": 2, "complete": true, "callers": [
          {"auth": "partners", "subject": "acme, \"inc\"", "plan": "partner", "requests": 1200, "rate_limited": 3, "quota_exceeded": 2, "concurrency_exceeded": 1, "received_bytes": 999, "sent_bytes": 1234567},
          {"auth": "riders", "subject": "=1+1", "plan": null, "requests": 1, "rate_limited": 0, "quota_exceeded": 0, "concurrency_exceeded": 0, "received_bytes": 0, "sent_bytes": 0}]}
        """);

    [Test]
    public void For_people_it_says_of_which_time_and_then_who_used_what() => Assert.That(UsageReport.Text(Usage), Is.EqualTo("""
        2026-11, counted from 2026-11-01 00:00:00 UTC to 2026-11-22 12:00:00 UTC by 2 instances
        CALLER       AUTH      PLAN     REQUESTS  RATE LIMITED  OVER QUOTA  TOO MANY AT ONCE  RECEIVED    SENT
        acme, "inc"  partners  partner      1200             3           2                 1     999 B  1.2 MB
        =1+1         riders    -               1             0           0                 0       0 B     0 B

        """));

    [Test]
    public void CSV_quotes_what_needs_it_and_makes_no_formula_of_a_name() => Assert.That(UsageReport.Csv(Usage), Is.EqualTo(
        "month,auth,subject,plan,requests,rate_limited,quota_exceeded,concurrency_exceeded,received_bytes,sent_bytes\r\n" +
        "2026-11,partners,\"acme, \"\"inc\"\"\",partner,1200,3,2,1,999,1234567\r\n" +
        "2026-11,riders,'=1+1,,1,0,0,0,0,0\r\n"));
}
