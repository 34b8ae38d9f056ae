// A kernel of the mixture that CoreMark made the custom: a linked list that is searched and sorted, small matrices, a state machine over text, and a
// checksum over all of it. Of our own making: its figures compare with nobody's but each other.

typedef unsigned int u32;
typedef unsigned short u16;
typedef short s16;
typedef unsigned char u8;

static u16 crc16(u16 crc, u32 value) {
  for (int bit = 0; bit < 32; bit++) {
    u32 carry = (crc ^ (value >> bit)) & 1;
    crc >>= 1;
    if (carry) crc ^= 0xa001;
  }
  return crc;
}

// The list.

struct node {
  struct node *next;
  s16 key;
  s16 index;
};

#define NODES 200
static struct node pool[NODES];

static struct node *make_list(u32 seed) {
  for (int i = 0; i < NODES; i++) {
    seed = seed * 1103515245u + 12345u;
    pool[i].key = (s16)(seed >> 16);
    pool[i].index = (s16)i;
    pool[i].next = i + 1 < NODES ? &pool[i + 1] : 0;
  }
  return &pool[0];
}

static int by_key(const struct node *a, const struct node *b) { return a->key - b->key; }
static int by_index(const struct node *a, const struct node *b) { return a->index - b->index; }

typedef int (*order)(const struct node *, const struct node *);

static struct node *merge(struct node *a, struct node *b, order compare) {
  struct node head = {0, 0, 0}, *tail = &head;
  while (a && b) {
    struct node **least = compare(a, b) <= 0 ? &a : &b;
    tail->next = *least;
    tail = *least;
    *least = (*least)->next;
  }
  tail->next = a ? a : b;
  return head.next;
}

static struct node *sort(struct node *list, order compare) {
  if (!list || !list->next) return list;
  struct node *slow = list, *fast = list->next;
  while (fast && fast->next) {
    slow = slow->next;
    fast = fast->next->next;
  }
  struct node *half = slow->next;
  slow->next = 0;
  return merge(sort(list, compare), sort(half, compare), compare);
}

static struct node *reverse(struct node *list) {
  struct node *done = 0;
  while (list) {
    struct node *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static const struct node *find(const struct node *list, s16 key) {
  while (list && list->key != key) list = list->next;
  return list;
}

static u16 list_round(u32 seed, u16 crc) {
  struct node *list = make_list(seed);
  for (int i = 0; i < 20; i++) {
    list = reverse(list);
    const struct node *found = find(list, pool[(seed + i * 7) % NODES].key);
    crc = crc16(crc, found ? (u32)found->index : 0xffff);
  }
  list = sort(list, by_key);
  crc = crc16(crc, (u32)list->key);
  list = sort(list, by_index);
  return crc16(crc, (u32)list->index);
}

// Matrices.

#define SIDE 9
static s16 left[SIDE][SIDE], right[SIDE][SIDE];
static int product[SIDE][SIDE];

static u16 matrix_round(u32 seed, u16 crc) {
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      seed = seed * 1664525u + 1013904223u;
      left[i][j] = (s16)(seed >> 20);
      right[i][j] = (s16)(seed >> 8 & 0xfff);
    }
  for (int turn = 0; turn < 4; turn++) {
    int sum = 0;
    for (int i = 0; i < SIDE; i++)
      for (int j = 0; j < SIDE; j++) {
        int value = 0;
        for (int k = 0; k < SIDE; k++) value += left[i][k] * right[k][j];
        product[i][j] = value;
      }
    for (int i = 0; i < SIDE; i++)
      for (int j = 0; j < SIDE; j++) {
        sum += product[i][j] > 1000 ? 10 : product[i][j] & 0xf;
        left[i][j] = (s16)(product[i][j] >> 4);
      }
    crc = crc16(crc, (u32)sum);
  }
  return crc;
}

// The state machine: what is a number, and of what kind.

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, POWER, WRONG, STATES };

static enum state step(enum state state, u8 c) {
  int digit = c >= '0' && c <= '9';
  switch (state) {
    case START:
      return digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : WRONG;
    case SIGN:
      return digit ? INTEGER : c == '.' ? POINT : WRONG;
    case INTEGER:
      return digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : WRONG;
    case POINT:
      return digit ? FRACTION : WRONG;
    case FRACTION:
      return digit ? FRACTION : c == 'e' ? EXPONENT : WRONG;
    case EXPONENT:
      return digit || c == '-' ? POWER : WRONG;
    case POWER:
      return digit ? POWER : WRONG;
    default:
      return WRONG;
  }
}

static const u8 text[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e3,-.123e-2,-87e832,+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z,34.0e-T^";

static u16 text_round(u16 crc) {
  u32 ends[STATES] = {0}, steps[STATES] = {0};
  for (int turn = 0; turn < 12; turn++) {
    enum state state = START;
    for (const u8 *at = text; *at; at++) {
      if (*at == ',') {
        ends[state]++;
        state = START;
        continue;
      }
      state = step(state, *at);
      steps[state]++;
    }
    ends[state]++;
  }
  for (int i = 0; i < STATES; i++) crc = crc16(crc16(crc, ends[i]), steps[i]);
  return crc;
}

u32 run(u32 rounds) {
  u16 crc = 0;
  for (u32 round = 0; round < rounds; round++) {
    crc = list_round(round + 1, crc);
    crc = matrix_round(round + crc, crc);
    crc = text_round(crc);
  }
  return crc;
}
