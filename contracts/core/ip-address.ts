// IP addresses as bytes and in their one text form. Never a name, and never two texts for one address: a rule that compares texts must
// not be walked around by another spelling.

/** 4 bytes, or 16. */
export type IpBytes = Uint8Array;

const V4 = /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/;
/** `xxxx:` seven times and an IPv4 address behind it. */
export const IP_TEXT_MAX_LENGTH = 45;
/** ::ffff:0:0/96 (RFC 4291 section 2.5.5.2): the same host as the IPv4 address inside, so it is written as that. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/** 64:ff9b::/96 (RFC 6052 section 2.1): a translator on the way makes the IPv4 address inside of it. */
const TRANSLATED = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

/** `undefined`: no address. Decimal without leading zeros (0177.0.0.1 and 2130706433 are no addresses here), no zone. */
export function parseIp(text: string): IpBytes | undefined {
  if (text.length > IP_TEXT_MAX_LENGTH) return undefined;
  return text.includes(':') ? parseV6(text.toLowerCase()) : parseV4(text);
}

/** The one text of an address: RFC 5952 for IPv6; an IPv4-mapped address as the IPv4 address that it stands for. */
export function formatIp(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join('.');
  if (startsWith(bytes, MAPPED)) return bytes.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  const { start, length } = longestZeros(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** How a host is compared: an address in its one text, a name in lower case (RFC 4343). Nothing else is made equal. */
export function canonicalHost(host: string): string {
  const address = parseIp(host);
  return address === undefined ? host.toLowerCase() : formatIp(address);
}

/**
 * Addresses that mean the machine itself, the wire it is on, or nobody in particular: this host (0.0.0.0/8, 127.0.0.0/8, ::, ::1),
 * link-local (169.254.0.0/16, fe80::/10: where clouds keep their metadata services), multicast and reserved (224.0.0.0/3, ff00::/8).
 * The answer of a name lookup that contains one is an attempt to reach the access point's own host (DNS rebinding).
 */
export function isLocalAddress(bytes: IpBytes): boolean {
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 4) {
    return first === 0 || first === 127 || first >= 224 || (first === 169 && second === 254);
  }
  if (startsWith(bytes, MAPPED) || startsWith(bytes, TRANSLATED)) return isLocalAddress(bytes.subarray(12));
  // ::/96 holds the unspecified address, the loopback address, and forms that nobody may send to any more (RFC 4291 section 2.5.5.1).
  if (bytes.subarray(0, 12).every((byte) => byte === 0)) return true;
  return first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80);
}

function parseV4(text: string): IpBytes | undefined {
  const parts = V4.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) === true ? Uint8Array.from(parts) : undefined;
}

function parseV6(text: string): IpBytes | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 1 ? [] : groupsOf(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const gap = 16 - head.length - tail.length;
  // `::` stands for one group at least.
  if (halves.length === 1 ? gap !== 0 : gap < 2) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(gap).fill(0), ...tail]);
}

/** The bytes of `a:b:…`; the last group may be an IPv4 address where the text ends. */
function groupsOf(text: string, isLast: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    const v4 = isLast && index === groups.length - 1 ? parseV4(group) : undefined;
    if (v4 !== undefined) bytes.push(...v4);
    else if (GROUP.test(group)) bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, at) => {
    if (group !== 0) start = at + 1;
    else if (at + 1 - start > best.length) best = { start, length: at + 1 - start };
  });
  return best;
}

function startsWith(bytes: IpBytes, prefix: readonly number[]): boolean {
  return bytes.length === 16 && prefix.every((byte, at) => bytes[at] === byte);
}
