using System.Text;
using LoadBalancer.Http.Caching;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>What the store keeps, and within what.</summary>
internal sealed class CacheStoreTests
{
    private const int Kilobyte = 1024;

    [Test]
    public void Finds_of_a_trace_of_pages_nearly_as_much_as_the_best_choice_would()
    {
        const int Keys = 100_000;
        const int Fitting = 1_000;
        const int Requests = 400_000;
        var store = new CacheStore(Fitting * Kilobyte, new Random(1), shards: 1);
        var trace = new ZipfTrace(Keys, 0.9, new Random(2));
        var hits = 0;
        for (var at = 0; at < Requests; at++)
        {
            hits += PlainEntry.Ask(store, trace.Next(), Kilobyte) ? 1 : 0;
        }

        Assert.That((double)hits / Requests, Is.GreaterThan(trace.ShareOf(Fitting) - 0.025));
    }

    [Test]
    public void A_million_keys_that_are_asked_for_once_never_weigh_more_than_the_bound()
    {
        const long Most = 4 * 1024 * 1024;
        var store = new CacheStore(Most, new Random(1));
        var heaviest = 0L;
        for (var at = 0; at < 1_000_000; at++)
        {
            PlainEntry.Ask(store, at, 512 + (at % 1024));
            heaviest = (at & 1023) == 0 ? Math.Max(heaviest, store.Bytes) : heaviest;
        }

        Assert.That(heaviest, Is.LessThanOrEqualTo(Most).And.GreaterThan(Most / 2));
        Assert.That(store.Count, Is.LessThan(Most / 512));
    }

    [Test]
    public void A_scan_does_not_push_out_what_is_wanted()
    {
        const int Wanted = 500;
        var store = new CacheStore(1000 * Kilobyte, new Random(1), shards: 1);
        for (var at = 0; at < Wanted * 8; at++)
        {
            PlainEntry.Ask(store, at % Wanted, Kilobyte);
        }

        for (var at = 0; at < 20_000; at++)
        {
            PlainEntry.Ask(store, 1_000_000 + at, Kilobyte);
        }

        Assert.That(Enumerable.Range(0, Wanted).Count(number => PlainEntry.Has(store, number)), Is.GreaterThan(Wanted * 95 / 100));
    }

    [Test]
    public void What_is_wanted_now_takes_the_place_of_what_was_wanted_once()
    {
        const int Fitting = 500;
        var store = new CacheStore(Fitting * Kilobyte, new Random(1), shards: 1);
        for (var at = 0; at < Fitting * 20; at++)
        {
            PlainEntry.Ask(store, at % Fitting, Kilobyte);
        }

        for (var at = 0; at < Fitting * 200; at++)
        {
            PlainEntry.Ask(store, 1_000_000 + (at % Fitting), Kilobyte);
        }

        Assert.That(Enumerable.Range(1_000_000, Fitting).Count(number => PlainEntry.Has(store, number)), Is.GreaterThan(Fitting * 9 / 10));
    }

    [Test]
    public void A_large_body_that_is_asked_for_once_does_not_take_the_room_of_many_that_are_wanted()
    {
        const int Wanted = 900;
        var store = new CacheStore(1000 * Kilobyte, new Random(1), shards: 1);
        for (var at = 0; at < Wanted * 8; at++)
        {
            PlainEntry.Ask(store, at % Wanted, Kilobyte);
        }

        PlainEntry.Ask(store, 1_000_000, 500 * Kilobyte);

        Assert.That(PlainEntry.Has(store, 1_000_000), Is.False);
        Assert.That(Enumerable.Range(0, Wanted).Count(number => PlainEntry.Has(store, number)), Is.GreaterThan(Wanted * 95 / 100));
    }

    [Test]
    public void An_entry_larger_than_its_part_of_the_store_is_not_kept()
    {
        var store = new CacheStore(100 * Kilobyte, new Random(1), shards: 1);

        PlainEntry.Ask(store, 1, 101 * Kilobyte);

        Assert.That((PlainEntry.Has(store, 1), store.Bytes, store.Count), Is.EqualTo((false, 0L, 0L)));
    }

    [Test]
    public void Another_entry_of_a_key_takes_the_place_of_the_first()
    {
        var store = new CacheStore(100 * Kilobyte, new Random(1), shards: 1);
        var key = "/prices"u8.ToArray();
        var hash = store.HashOf(key);
        store.Add(new PlainEntry(key, hash, 10 * Kilobyte));
        var second = new PlainEntry(key, hash, 20 * Kilobyte);

        store.Add(second);

        Assert.That((store.Find(key, hash), store.Bytes, store.Count), Is.EqualTo(((CacheEntry)second, 20L * Kilobyte, 1L)));
    }

    [Test]
    public void Two_keys_of_one_number_are_never_taken_for_one_another()
    {
        var store = new CacheStore(100 * Kilobyte, new Random(1), shards: 1);
        store.Add(new PlainEntry("/mine"u8.ToArray(), 7, Kilobyte));

        Assert.That(store.Find("/hers"u8, 7), Is.Null);
        Assert.That(store.Find("/mine"u8, 7), Is.Not.Null);
    }

    [Test]
    public void What_was_removed_or_replaced_is_not_removed_again()
    {
        var store = new CacheStore(100 * Kilobyte, new Random(1), shards: 1);
        var key = "/prices"u8.ToArray();
        var first = new PlainEntry(key, store.HashOf(key), Kilobyte);
        store.Add(first);
        store.Add(new PlainEntry(key, store.HashOf(key), Kilobyte));

        store.Remove(first);
        store.Remove(first);

        Assert.That((store.Count, store.Bytes), Is.EqualTo((1L, (long)Kilobyte)));
    }

    [Test]
    public void A_smaller_store_gives_up_what_is_too_much_and_a_larger_one_nothing()
    {
        var store = new CacheStore(1000 * Kilobyte, new Random(1), shards: 4);
        for (var at = 0; at < 900; at++)
        {
            PlainEntry.Ask(store, at, Kilobyte);
        }

        store.Resize(100 * Kilobyte);
        var small = store.Bytes;
        store.Resize(2000 * Kilobyte);

        Assert.That(small, Is.LessThanOrEqualTo(100 * Kilobyte).And.GreaterThan(50 * Kilobyte));
        Assert.That(store.Bytes, Is.EqualTo(small));
    }

    [Test]
    public void To_find_something_allocates_nothing()
    {
        var store = new CacheStore(100 * Kilobyte, new Random(1));
        PlainEntry.Ask(store, 1, Kilobyte);

        Assert.That(Allocations.Of(() =>
        {
            for (var at = 0; at < 1000; at++)
            {
                PlainEntry.Ask(store, 1, Kilobyte);
            }
        }), Is.Zero);
    }

    [Test]
    public void Whoever_reads_while_others_write_finds_only_what_he_asked_for()
    {
        var store = new CacheStore(64 * Kilobyte, new Random(1), shards: 2);
        var wrong = 0;
        Parallel.For(0, 4, thread =>
        {
            var random = new Random(thread);
            var key = new byte[sizeof(long)];
            for (var at = 0; at < 50_000; at++)
            {
                BitConverter.TryWriteBytes(key, (long)random.Next(200));
                var hash = store.HashOf(key);
                if (store.Find(key, hash) is not { } found)
                {
                    store.Add(new PlainEntry([.. key], hash, Kilobyte));
                }
                else if (!found.Key.SequenceEqual(key))
                {
                    Interlocked.Increment(ref wrong);
                }
                else if (random.Next(10) == 0)
                {
                    store.Remove(found);
                }
            }
        });

        Assert.That((wrong, store.Bytes <= 64 * Kilobyte, store.Bytes == store.Count * Kilobyte), Is.EqualTo((0, true, true)));
    }

    [Test]
    public void A_flood_of_changes_ends_about_one_other_place_each_at_most()
    {
        const int Flood = 10_000;
        var store = new CacheStore(64 * 1024 * Kilobyte, new Random(1));
        for (var at = 0; at < Flood; at++)
        {
            store.Change(store.PlaceOf("evil"u8, Encoding.ASCII.GetBytes($"/{at}")), 1);
        }

        var ended = Enumerable.Range(0, Flood).Count(at => store.ChangedAt(store.PlaceOf("good"u8, Encoding.ASCII.GetBytes($"/{at}"))) == 1);
        Assert.That(ended, Is.LessThan(Flood / 5), "of as many as were changed");
        Assert.That(store.ChangedAt(store.PlaceOf("evil"u8, "/17"u8)), Is.EqualTo(1));
    }

    [Test]
    public void What_names_of_fields_take_weighs_too()
    {
        var names = new[] { new byte[1000], new byte[500] };

        Assert.That(new VaryEntry([1], 1, names) { Place = [], Primary = 1 }.Size, Is.GreaterThanOrEqualTo(CacheEntry.Overhead + 1501));
    }

    [Test]
    public void A_body_that_is_given_up_while_it_is_sent_counts_until_that_is_done()
    {
        var store = new CacheStore(1000 * Kilobyte, new Random(1), shards: 1);
        var sent = Long(store, "sent", 400 * Kilobyte);
        var idle = Long(store, "idle", 200 * Kilobyte);
        store.Add(sent);
        store.Add(idle);
        CacheStore.Hold(sent);
        CacheStore.Hold(sent);
        CacheStore.Hold(idle);
        store.Release(idle);
        store.Remove(idle);
        Assert.That((store.Lingering, store.Bytes), Is.EqualTo((0, sent.Size)));
        store.Remove(sent);
        Assert.That((store.Lingering, store.Bytes), Is.EqualTo((sent.Size, 0)));
        for (var at = 0; at < 2000; at++)
        {
            PlainEntry.Ask(store, at, Kilobyte);
        }

        Assert.That(store.Bytes, Is.LessThanOrEqualTo(store.Most - sent.Size).And.GreaterThan(500 * Kilobyte));
        store.Release(sent);
        Assert.That(store.Lingering, Is.EqualTo(sent.Size));
        store.Release(sent);
        Assert.That(store.Lingering, Is.Zero);
    }

    [Test]
    public void A_body_that_another_answer_has_too_counts_once()
    {
        var store = new CacheStore(1000 * Kilobyte, new Random(1), shards: 1);
        var first = Long(store, "sent", 200 * Kilobyte);
        store.Add(first);
        CacheStore.Hold(first);
        var last = first;
        for (var at = 0; at < 5; at++)
        {
            store.Add(last = Long(store, "sent", 200 * Kilobyte, first.Readers));
        }

        Assert.That((store.Lingering, store.Bytes, store.Stored), Is.EqualTo((0, last.Size, 1)));
        CacheStore.Hold(last);
        store.Remove(last);
        Assert.That((store.Lingering, store.Bytes), Is.EqualTo((last.Size, 0)));
        store.Release(last);
        Assert.That(store.Lingering, Is.EqualTo(last.Size), "somebody has it by the first answer still");
        store.Add(Long(store, "sent", 200 * Kilobyte, first.Readers));
        Assert.That((store.Lingering, store.Stored), Is.EqualTo((0, 2)));
        store.Release(first);
        Assert.That(store.Lingering, Is.Zero);
    }

    [Test]
    public void Bodies_that_are_being_sent_leave_half_of_the_room_to_others()
    {
        var store = new CacheStore(1000 * Kilobyte, new Random(1), shards: 1);
        for (var at = 0; at < 3; at++)
        {
            var sent = Long(store, $"{at}", 400 * Kilobyte);
            store.Add(sent);
            CacheStore.Hold(sent);
            store.Remove(sent);
        }

        for (var at = 0; at < 2000; at++)
        {
            PlainEntry.Ask(store, at, Kilobyte);
        }

        Assert.That(store.Lingering, Is.GreaterThan(store.Most));
        Assert.That(store.Bytes, Is.LessThanOrEqualTo(store.Most / 2).And.GreaterThan(400 * Kilobyte));
    }

    [Test]
    public void With_no_room_it_gives_all_up_and_takes_nothing()
    {
        var store = new CacheStore(1000 * Kilobyte, new Random(1), shards: 1);
        for (var at = 0; at < 100; at++)
        {
            PlainEntry.Ask(store, at, Kilobyte);
        }

        store.Resize(0);
        PlainEntry.Ask(store, 1000, Kilobyte);
        Assert.That((store.Count, store.Bytes, store.MostRecorded), Is.EqualTo((0, 0, 0)));
    }

    [Test]
    public void What_comes_in_and_what_has_to_go_is_counted()
    {
        var store = new CacheStore(1000 * Kilobyte, new Random(1), shards: 1);
        for (var at = 0; at < 10; at++)
        {
            store.Add(Long(store, $"{at}", 200 * Kilobyte));
        }

        store.Add(Long(store, "larger than all", 2000 * Kilobyte));
        Assert.That((store.Stored, store.Evicted), Is.EqualTo((10, 10 - store.Count)));
    }

    private static CachedResponse Long(CacheStore store, string name, int length, BodyReaders? readers = null)
    {
        var key = System.Text.Encoding.ASCII.GetBytes(name);
        return new CachedResponse(key, store.HashOf(key), [], [], new System.Buffers.ReadOnlySequence<byte>(new byte[length]))
        {
            Readers = readers ?? new(), Place = [], Primary = 0, Tags = [], Status = 200, AskedAt = 1, ReceivedAt = 1, Age = 0, Lifetime = 60, IsForAll = true, Tag = default, ModifiedAt = -1,
        };
    }
}
