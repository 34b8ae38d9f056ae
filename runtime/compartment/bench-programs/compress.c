// Packs 32 KiB of text by references to what came before, unpacks it and compares: table lookups, short copies, branches that depend on data.

typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

#define SIZE 32768
#define BUCKETS 4096
#define NO_PLACE 0xffff
static u8 plain[SIZE], packed[SIZE * 2], unpacked[SIZE];
static u16 newest[BUCKETS], older[SIZE];

static const char *const words[] = {"the ",   "device ", "reads ",  "a ",     "sensor, ", "writes ", "to ",  "its ",
                                    "log and ", "sleeps ", "until ", "next ", "morning. ", "light ",  "of ", "room "};

static void write_plain(u32 seed) {
  u32 length = 0;
  while (length < SIZE) {
    seed = seed * 1664525u + 1013904223u;
    const char *word = words[seed >> 28];
    while (*word && length < SIZE) plain[length++] = (u8)*word++;
    if ((seed & 0x700000) == 0 && length < SIZE) plain[length++] = (u8)('0' + (seed >> 10) % 10);
  }
}

static u32 bucket(const u8 *at) { return (at[0] * 2654435761u ^ at[1] * 40503u ^ at[2] * 2246822519u) >> 12 & (BUCKETS - 1); }

static u32 pack(void) {
  u32 out = 0, literals = 0, literals_at = out++;
  for (u32 i = 0; i < BUCKETS; i++) newest[i] = NO_PLACE;
  for (u32 at = 0; at < SIZE;) {
    u32 best = 0, from = 0;
    if (at + 3 < SIZE) {
      u32 place = newest[bucket(plain + at)];
      for (int tries = 8; place != NO_PLACE && tries > 0; tries--) {
        u32 same = 0, most = SIZE - at < 130 ? SIZE - at : 130;
        while (same < most && plain[place + same] == plain[at + same]) same++;
        if (same > best) {
          best = same;
          from = place;
        }
        place = older[place];
      }
    }
    u32 steps = best >= 4 ? best : 1;
    if (best >= 4) {
      packed[literals_at] = (u8)literals;
      packed[out++] = (u8)(0x80 | (best - 4));
      packed[out++] = (u8)(at - from);
      packed[out++] = (u8)((at - from) >> 8);
      literals = 0;
      literals_at = out++;
    } else {
      packed[out++] = plain[at];
      if (++literals == 127) {
        packed[literals_at] = 127;
        literals = 0;
        literals_at = out++;
      }
    }
    for (u32 i = 0; i < steps; i++, at++) {
      if (at + 3 >= SIZE) continue;
      u32 slot = bucket(plain + at);
      older[at] = newest[slot];
      newest[slot] = (u16)at;
    }
  }
  packed[literals_at] = (u8)literals;
  return out;
}

static u32 unpack(u32 length) {
  u32 out = 0;
  for (u32 at = 0; at < length;) {
    u8 head = packed[at++];
    if (head & 0x80) {
      u32 count = (head & 0x7fu) + 4, back = packed[at] | (u32)packed[at + 1] << 8;
      at += 2;
      for (u32 i = 0; i < count; i++, out++) unpacked[out] = unpacked[out - back];
    } else
      for (u32 i = 0; i < head; i++) unpacked[out++] = packed[at++];
  }
  return out;
}

u32 run(u32 rounds) {
  u32 sum = 0;
  for (u32 round = 0; round < rounds; round++) {
    write_plain(round);
    u32 length = pack();
    if (unpack(length) != SIZE) return 0;
    for (u32 i = 0; i < SIZE; i++)
      if (plain[i] != unpacked[i]) return 0;
    sum = sum * 31 + length;
  }
  return sum;
}
