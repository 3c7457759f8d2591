"""Texts that splitters cut in different ways: what a tokenizer is tried with."""

from __future__ import annotations

from typing import Final

# Digits, case, quotes, spaces, lines, scripts, signs, code.
TEXTS: Final = (
    "Hello, World! It's what you'd expect; they've said SO.",
    "I'M sure HE'LL DON'T we'Re you'VE 'tis 'Twas rock'n'roll \u2019s can\u2019t",
    (
        "1 12 123 1234 12345 123456 1234567 3.14159 1,000,000 2026-11-27 0x1F 10^6 \u0664"
        "\u0662 \xb2\xbd"
    ),
    "a  b   c    d\t\te\n\nf\r\n\r\ng \n h\n \n\n  i   ",
    "   leading and trailing   ",
    '\n\n\n\tdef f(x: int) -> str:\n        return f"{x!r:>10}"  # done\n\n\n',
    "for(int i=0;i<10;++i){a[i]=b[i]*2;}//loop ----==== ***** ((())) !?!? ...",
    "CamelCaseWords snake_case_words kebab-case XMLHttpRequest iPhone15Pro v2.0.1",
    (
        "na\xefve caf\xe9 \xdcbergr\xf6\xdfe stra\xdfe e\u0301clair A\u030angstr\xf6m \u0130s"
        "tanbul \u01c4"
    ),
    (
        "\u043d\u0435\u0449\u043e \u043d\u0430 \u0411\u044a\u043b\u0433\u0430\u0440\u0441"
        "\u043a\u0438 \u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac \u05e2\u05d1\u05e8"
        "\u05d9\u05ea \u0627\u0644\u0639\u0631\u0628\u064a\u0629"
    ),
    (
        "\u6211\u60f3\u5728apple\u5de5\u4f5c1314151\u5929\uff5e \u65e5\u672c\u8a9e\u306e"
        "\u30c6\u30ad\u30b9\u30c8 \u4f60\u597d\uff0c\u4e16\u754c\uff01"
    ),
    (
        "\U0001f680 (normal) \U0001f636\u200d\U0001f32b\ufe0f \u2705 \U0001f999\U0001f999 "
        "\U0001f1e9\U0001f1ea \u2192 \u2211 \u221e \u20ac $ \xa3"
    ),
    '<p class="a">x &amp; y</p> {"k": [1, null, true]} https://example.org/a?b=c#d a@b.cc',
    (
        "'''''' ```` \"\"\"\" !!!!!! ?????? ====== \u2026\u2026 \u201cquoted\u201d \xabso"
        "\xbb \u2014\u2013-"
    ),
    "word1word22word333 a1b2c3 1st 2nd 3rd 50% #42 C++ C# .NET",
    "x",
    " x",
    "  x",
    "1",
    " 1",
    "12",
    "\n",
    " \n",
    "\n x",
    "'s",
    "\xe9",
    "\u6211",
)
# Signs that llama.cpp leaves out where it cuts words into pieces, as BERT does not: there they are
# told of and not tried.
SIGNS: Final = (
    (
        "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940 "
        "\u1780\u17b6\u1793\u17cb\u178f\u17c2 \u0ba4\u0bae\u0bbf\u0bb4\u0bcd"
    ),
    "\ud55c\uad6d\uc5b4 \ubb38\uc7a5\uc785\ub2c8\ub2e4.",
)
