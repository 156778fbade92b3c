// Writes through the first port until that node is gone, then goes on at the others. Arguments: ports, user, password.
// Prints "connected" once it writes, then one line of JSON.
const Redis = require("ioredis");
const [list, username, password] = process.argv.slice(2);
const ports = list.split(",").map(Number);

(async () => {
  let turn = 0, drops = 0;
  const redis = new Redis({
    host: "127.0.0.1", port: ports[0], username, password, maxRetriesPerRequest: null,
    retryStrategy: () => {
      redis.options.port = ports[++turn % ports.length];
      return 100;
    },
  });
  redis.on("error", () => {});
  redis.on("close", () => drops++);
  let acknowledged = 0, lost = 0, afterwards = 0;
  while (afterwards < 50) {
    const next = `${acknowledged + 1}`;
    try {
      await redis.set("io:reconnect", next);
    } catch (e) {
      // A call may run into its deadline while other leaders are elected; the value is not counted then.
      if (!/^(TRYAGAIN|ERR TM-)/.test(e.message)) throw e;
      continue;
    }
    acknowledged++;
    if (acknowledged === 20) console.log("connected");
    if (drops > 0) afterwards++;
    if ((await redis.get("io:reconnect").catch(() => next)) !== next) lost++;
  }
  console.log(JSON.stringify({ acknowledged, lost, drops: drops > 0, movedOn: redis.options.port !== ports[0] }));
  await redis.quit();
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
