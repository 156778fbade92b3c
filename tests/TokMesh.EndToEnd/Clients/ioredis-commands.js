// Uses a node the way an application with ioredis does. Arguments: port, user, password. Prints one line of JSON.
const Redis = require("ioredis");
const [port, username, password] = process.argv.slice(2);
const prefix = `io:${port}:`;

(async () => {
  const redis = new Redis({ host: "127.0.0.1", port: +port, username, password });
  const pipeline = redis.pipeline();
  for (let i = 0; i < 100; i++) pipeline.set(`${prefix}p${i}`, `v${i}`);
  for (let i = 0; i < 100; i++) pipeline.get(`${prefix}p${i}`);
  const piped = await pipeline.exec();
  await redis.set(`${prefix}short`, "lived", "EX", 500);
  await redis.set(`${prefix}once`, "seen");
  const found = new Set();
  for await (const keys of redis.scanStream({ match: `${prefix}p*`, count: 50 })) keys.forEach((k) => found.add(k));
  const wrong = await redis.call("NOSUCHCOMMAND").catch((e) => e.message);
  console.log(JSON.stringify({
    pipelined: piped.every(([error], i) => !error) && piped.slice(100).every(([, value], i) => value === `v${i}`),
    ttl: await redis.ttl(`${prefix}short`),
    getdel: await redis.getdel(`${prefix}once`),
    gone: await redis.get(`${prefix}once`),
    incr: [await redis.incr(`${prefix}n`), await redis.incrby(`${prefix}n`, 41)],
    mget: await redis.mget(`${prefix}p0`, `${prefix}absent`, `${prefix}p99`),
    scanned: found.size,
    binary: (await redis.set(`${prefix}bin`, Buffer.from([0, 255, 13, 10, 128])), (await redis.getBuffer(`${prefix}bin`)).toString("hex")),
    wrong,
  }));
  await redis.quit();
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
