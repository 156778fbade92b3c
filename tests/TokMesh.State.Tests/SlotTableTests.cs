using TokMesh.State.Tables;

namespace TokMesh.State.Tests;

public class SlotTableTests
{
    [Fact]
    public void The_table_agrees_with_a_dictionary_and_every_bucket_holds_its_own()
    {
        var random = new Random(9);
        var table = new SlotTable();
        var model = new Dictionary<int, uint>();
        for (var i = 0; i < 40_000; i++)
        {
            var add = random.Next(100) < (i / 5000 % 2 == 0 ? 70 : 25);
            if (add)
            {
                var slot = random.Next(100_000);
                // Few hashes: long runs, many equal ones.
                if (model.TryAdd(slot, (uint)random.Next(500) * 0x01000193u))
                    table.Add(model[slot], slot);
            }
            else if (model.Count > 0)
            {
                var slot = model.Keys.ElementAt(random.Next(Math.Min(50, model.Count)));
                table.Remove(model[slot], slot);
                model.Remove(slot);
            }
            Assert.Equal(model.Count, table.Count);
            if (i % 500 == 0)
                Check(table, model);
        }
        Check(table, model);
    }

    private static void Check(SlotTable table, Dictionary<int, uint> model)
    {
        foreach ((var slot, var hash) in model)
        {
            int probe = table.Start(hash), found;
            while ((found = table.Next(hash, ref probe)) >= 0 && found != slot)
            {
            }
            Assert.Equal(slot, found);
        }
        var seen = new HashSet<int>();
        for (uint bucket = 0; bucket <= table.Mask; bucket++)
        {
            int probe = (int)bucket, slot;
            while ((slot = table.NextInBucket(bucket, ref probe)) >= 0)
            {
                Assert.Equal(bucket, model[slot] & table.Mask);
                Assert.True(seen.Add(slot));
            }
        }
        Assert.Equal(model.Count, seen.Count);
    }
}
