// Writes a JSON document of some 20 KB, reads it into a tree and adds the tree up: branches, calls and recursion, as parsers are.

typedef unsigned int u32;
typedef unsigned char u8;

enum kind { NUL, BOOLEAN, NUMBER, STRING, LIST, OBJECT };

struct value {
  enum kind kind;
  u32 hash;
  double number;
  struct value *first, *next;
};

#define TEXT 32768
#define VALUES 8192
static u8 text[TEXT];
static u32 length;
static struct value values[VALUES];
static u32 used;
static u32 at;

static void put(const char *string) {
  while (*string && length < TEXT - 1) text[length++] = (u8)*string++;
}

static void put_number(u32 number) {
  char digits[11];
  int place = 10;
  digits[place] = 0;
  do {
    digits[--place] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  put(digits + place);
}

static void write_document(u32 seed) {
  length = 0;
  put("{\"readings\": [");
  for (u32 i = 0; i < 200; i++) {
    seed = seed * 1103515245u + 12345u;
    put(i ? ", {\"id\": " : "{\"id\": ");
    put_number(i);
    put(", \"name\": \"sensor \\\"");
    put_number(seed >> 24);
    put("\\\"\", \"value\": -");
    put_number(seed >> 20 & 0xff);
    put(".");
    put_number(seed >> 8 & 0x3ff);
    put("e1, \"good\": ");
    put(seed & 0x1000 ? "true" : "false");
    put(", \"tags\": [null, [], {\"a\": [1, 2, 3]}]}");
  }
  put("]}");
  text[length] = 0;
}

static void space(void) {
  while (text[at] == ' ' || text[at] == '\n') at++;
}

static struct value *make(enum kind kind) {
  struct value *value = &values[used < VALUES ? used++ : VALUES - 1];
  value->kind = kind;
  value->hash = 2166136261u;
  value->number = 0;
  value->first = value->next = 0;
  return value;
}

static struct value *read_value(void);

static struct value *read_string(void) {
  struct value *value = make(STRING);
  at++;
  while (text[at] && text[at] != '"') {
    u8 c = text[at++];
    if (c == '\\') {
      c = text[at++];
      if (c == 'n') c = '\n';
    }
    value->hash = (value->hash ^ c) * 16777619u;
  }
  if (text[at]) at++;
  return value;
}

static struct value *read_number(void) {
  struct value *value = make(NUMBER);
  int negative = text[at] == '-', power = 0;
  double number = 0, scale = 1;
  if (negative) at++;
  while (text[at] >= '0' && text[at] <= '9') number = number * 10 + (text[at++] - '0');
  if (text[at] == '.') {
    at++;
    while (text[at] >= '0' && text[at] <= '9') {
      scale /= 10;
      number += scale * (text[at++] - '0');
    }
  }
  if (text[at] == 'e') {
    at++;
    while (text[at] >= '0' && text[at] <= '9') power = power * 10 + (text[at++] - '0');
  }
  while (power-- > 0) number *= 10;
  value->number = negative ? -number : number;
  return value;
}

static struct value *read_members(enum kind kind, u8 close) {
  struct value *holder = make(kind), **last = &holder->first;
  at++;
  space();
  while (text[at] && text[at] != close) {
    u32 hash = 0;
    if (kind == OBJECT) {
      hash = read_string()->hash;
      space();
      at++;
      space();
    }
    struct value *member = read_value();
    member->hash ^= hash;
    *last = member;
    last = &member->next;
    space();
    if (text[at] == ',') at++;
    space();
  }
  at++;
  return holder;
}

static struct value *read_word(enum kind kind, u32 letters, u32 truth) {
  struct value *value = make(kind);
  value->number = truth;
  at += letters;
  return value;
}

static struct value *read_value(void) {
  space();
  switch (text[at]) {
    case '{':
      return read_members(OBJECT, '}');
    case '[':
      return read_members(LIST, ']');
    case '"':
      return read_string();
    case 't':
      return read_word(BOOLEAN, 4, 1);
    case 'f':
      return read_word(BOOLEAN, 5, 0);
    case 'n':
      return read_word(NUL, 4, 0);
    default:
      return read_number();
  }
}

static u32 digest(const struct value *value, u32 depth) {
  u32 sum = value->hash * (depth + (u32)value->kind) + (u32)(int)(value->number * 8);
  for (const struct value *member = value->first; member; member = member->next) sum = sum * 31 + digest(member, depth + 1);
  return sum;
}

u32 run(u32 rounds) {
  u32 sum = 0;
  for (u32 round = 0; round < rounds; round++) {
    write_document(round);
    at = used = 0;
    sum = sum * 33 + digest(read_value(), 1) + used;
  }
  return sum;
}
