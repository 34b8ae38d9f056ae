import test from 'ava';
import { hardwareHeader } from './hardware-header.ts';
import { resolveHardware } from './hardware-resolution.ts';

/** A header of a definition with one pin, under these texts. */
function headerOf(top: readonly string[], comment: string): readonly string[] {
  const definition = {
    Metadata: { Type: 'Azure Sphere Hardware Definition', Version: 1 },
    Description: { Name: 'x', MainCoreHeaderFileTopContent: top },
    Peripherals: [
      { Name: 'LED', Type: 'Gpio', MainCoreHeaderValue: '(8)', AppManifestValue: 8, Comment: comment },
      { Name: 'CS', Type: 'int', MainCoreHeaderValue: '(-2)' },
    ],
  };
  const bytes = new TextEncoder().encode(JSON.stringify(definition));
  const verdict = resolveHardware({ file: '/home/me/board.json', bytes }, { readImport: () => undefined });
  if (!verdict.ok) throw new Error(JSON.stringify(verdict.errors));
  return hardwareHeader(verdict.hardware, 'my-board').split('\n');
}

test('hardwareHeader() defines every name inside a guard, and no path of this machine', (t) => {
  t.deepEqual(headerOf(['// My board.'], 'red'), [
    '// My board.',
    '// Made from board.json; changes are overwritten.',
    '#ifndef CASEMATE_HARDWARE_MY_BOARD_H',
    '#define CASEMATE_HARDWARE_MY_BOARD_H',
    '',
    '// board.json',
    '// red',
    '#define LED (8)',
    '#define CS (-2)',
    '',
    '#endif // CASEMATE_HARDWARE_MY_BOARD_H',
    '',
  ]);
});

const attacks: readonly (readonly [why: string, text: string])[] = [
  ['a line end', 'x\n#define LED (9)'],
  ['a carriage return', 'x\r#define LED (9)'],
  ['a backslash that joins the next line to the comment', 'swallow the next line \\'],
  ['a backslash with a space after it, which compilers join too', 'x \\ '],
  ['the trigraph of a backslash', 'x ??/'],
  ['the end of a block comment', 'x */ int y;'],
  ['U+2028, a line end to some tools', 'x\u2028#define LED (9)'],
];
for (const [why, text] of attacks) {
  test(`hardwareHeader() keeps text in its comment: ${why}`, (t) => {
    const lines = headerOf([text], text);
    t.deepEqual(
      lines.filter((line) => !line.startsWith('//') && line !== ''),
      [
        '#ifndef CASEMATE_HARDWARE_MY_BOARD_H',
        '#define CASEMATE_HARDWARE_MY_BOARD_H',
        '#define LED (8)',
        '#define CS (-2)',
        '#endif // CASEMATE_HARDWARE_MY_BOARD_H',
      ],
    );
    t.false(lines.some((line) => /[\r\u2028]|\\\s*$|\?\?\/\s*$/.test(line)));
  });
}
