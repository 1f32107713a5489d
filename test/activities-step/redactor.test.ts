/** The redactor: what it knows of a secret, and texts that hold only a part of one. */
import { describe, expect, it } from 'vitest';
import { Redactor } from '../../activities/step/redactor.ts';

const SECRET = 'correct-horse-battery-4417';
const redactor = new Redactor();
redactor.add('token', SECRET);

describe('a secret that goes over two pieces', () => {
  it('is in neither, wherever it is cut', () => {
    for (const form of [SECRET, Buffer.from(SECRET).toString('base64')]) {
      for (let cut = 1; cut < form.length; cut++) {
        const said = [`got ${form.slice(0, cut)}`, `${form.slice(cut)} and went on`].map((text) => redactor.piece(text)).join('\0');
        // fewer than four characters stand at the edge of a text by chance
        for (let at = 0; at + 4 <= form.length; at++) expect(said, `cut at ${cut}`).not.toContain(form.slice(at, at + 4));
      }
    }
  });
  it('is found before the end of a line, too', () => {
    expect(redactor.piece(`got ${SECRET.slice(0, 9)}\n`)).toBe('got [part of a secret]\n');
  });
});

it('leaves a text alone that has no part of a secret at its edges', () => {
  for (const text of ['', 'an honest line\n', `${SECRET.slice(0, 3)}`, `in the middle: ${SECRET.slice(0, 9)} it stays`])
    expect(redactor.piece(text)).toBe(text);
});

it('replaces a whole secret as ever', () => {
  expect(redactor.piece(`${SECRET} twice ${SECRET}`)).toBe('[secret token] twice [secret token]');
});

it('knows the lines of a key file, but not its first and last', () => {
  const own = new Redactor();
  own.add('key', '-----BEGIN KEY-----\nline one of it\nline two of it\n-----END KEY-----\n');
  expect(own.text('line two of it')).toBe('[secret key]');
  expect(own.text('-----BEGIN KEY-----')).toBe('-----BEGIN KEY-----');
});
