"""How many columns of a terminal a text takes (UAX #11, UAX #29, as far as terminals agree).

wcwidth knows more, and weighs 6 MB: forty times what tables would need of it.
"""

import unicodedata

WIDE = frozenset({"W", "F"})
# Marks that stand on the letter before, and what only says how others are shown.
NO_WIDTH = frozenset({"Mn", "Me", "Cf"})
JOINER, EMOJI_STYLE = "\u200d", "\ufe0f"
SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
# Vowels and final consonants of Hangul, drawn into the syllable that begins before them.
JAMO = frozenset(map(chr, range(0x1160, 0x1200)))


def text_width(text: str) -> int:
    """Return the columns that ``text`` takes: wide letters two, marks none, a joined emoji two."""
    if text.isascii():
        return len(text)
    width = last = 0
    before = ""
    for character in text:
        if character == EMOJI_STYLE and last == 1:
            width, last = width + 1, 2
        elif before == JOINER or (character in SKIN_TONES and last):
            pass
        elif unicodedata.category(character) not in NO_WIDTH and character not in JAMO:
            last = 1 + (unicodedata.east_asian_width(character) in WIDE)
            width += last
        before = character
    return width
