// Uses a node the way an application with node-redis does. Arguments: port, user, password. Prints one line of JSON.
const { createClient } = require("redis");
const [port, username, password] = process.argv.slice(2);
const prefix = `nr:${port}:`;

(async () => {
  const redis = await createClient({ socket: { host: "127.0.0.1", port: +port }, username, password, name: "node-redis" }).connect();
  await Promise.all(Array.from({ length: 50 }, (_, i) => redis.set(`${prefix}p${i}`, `v${i}`)));
  await redis.set(`${prefix}short`, "lived", { EX: 500 });
  let scanned = 0;
  for await (const key of redis.scanIterator({ MATCH: `${prefix}p*` })) scanned++;
  console.log(JSON.stringify({
    ping: await redis.ping(),
    ttl: await redis.ttl(`${prefix}short`),
    mget: await redis.mGet([`${prefix}p0`, `${prefix}absent`]),
    getdel: await redis.getDel(`${prefix}p1`),
    exists: await redis.exists(`${prefix}p1`),
    incr: await redis.incr(`${prefix}n`),
    scanned,
    protocol: (await redis.sendCommand(["HELLO"])).length > 0,
  }));
  await redis.quit();
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
