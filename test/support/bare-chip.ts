// The parts of a chip that holds nothing yet, in memory, for tests that only need its bus and its pins.

import { FLASH_BLOCK_BYTES } from '../../contracts/core/flash-map.ts';
import { hostEntropy, nodeCrypto } from '../../runtime/adapters/node-crypto.ts';
import type { Clock } from '../../runtime/hil/clock.ts';
import type { ChipParts } from '../../runtime/soc/chip.ts';
import { createCryptoBlock } from '../../runtime/soc/crypto-block.ts';
import { COUNTER_BYTES, DieCounter } from '../../runtime/soc/die-counter.ts';
import { FUSE_BYTES, createFuseBank } from '../../runtime/soc/fuse-bank.ts';
import { MemoryMedium } from '../../runtime/soc/memory-medium.ts';
import { NorFlash, norMediumBytes } from '../../runtime/soc/nor-flash.ts';

const FLASH_BYTES = 16 * FLASH_BLOCK_BYTES;

export function chipParts(clock: Clock): ChipParts {
  const bank = createFuseBank(new MemoryMedium(FUSE_BYTES));
  return {
    flash: new NorFlash(
      new MemoryMedium(norMediumBytes(FLASH_BYTES, FLASH_BLOCK_BYTES)),
      FLASH_BYTES,
      FLASH_BLOCK_BYTES,
    ),
    fuses: bank.fuses,
    counter: new DieCounter(new MemoryMedium(COUNTER_BYTES)),
    crypto: createCryptoBlock(bank.keyRows, nodeCrypto, hostEntropy),
    clock,
  };
}
