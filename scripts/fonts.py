#!/usr/bin/env python3
"""Makes the fonts in public/fonts from the packages of Fontsource, and the rules for the style sheet.

    npm install --prefix FOLDER @fontsource-variable/faustina@5 @fontsource-variable/figtree@5 @capsizecss/metrics@4
    pip install fonttools brotli
    scripts/fonts.py FOLDER

It keeps the letters of Western European languages, drops hinting, and leaves the weights 400 to
700. A name has the beginning of the file's SHA-256, so that browsers may keep a file for ever. The
rules it prints belong at the beginning of style/tidemark.css, and the names of the upright fonts in
src/shell.rs. A font that comes late is used from the next page on: even a fallback of the same size
breaks some lines elsewhere, and the page would move.
"""

import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import sys

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

SOURCE = pathlib.Path(sys.argv[1]) / "node_modules"
TARGET = pathlib.Path(__file__).parent.parent / "public/fonts"
MOST_BYTES = 40_000

ASCII = list(range(0x20, 0x7F))
ACCENTED = [letter for letter in range(0xC0, 0x100) if letter not in (0xD7, 0xF7)]
SIGNS = [0xA0, 0xAB, 0xAD, 0xB7, 0xBB, 0xD7, *map(ord, "‐‑–—‘’‚“”„…€→")]
# In italics, accented letters of other languages come from the fallback.
ITALIC = ASCII + [0xA0, 0xB7, *map(ord, "–—‘’“”…àáâäçèéêëíîïñóôöùúûüß")]

# Family, style, weights, characters.
FONTS = [
    ("faustina", "normal", (400, 700), ASCII + ACCENTED + SIGNS),
    ("faustina", "italic", 400, ITALIC),
    ("figtree", "normal", (400, 700), ASCII + ACCENTED + SIGNS),
]

# Names of fallbacks in Capsize's list, and under which names systems have fonts of those metrics.
FALLBACKS = {
    "faustina": {
        "georgia": ["Georgia", "Gelasio"],
        "notoSerif": ["Noto Serif"],
        "timesNewRoman": ["Times New Roman", "Liberation Serif", "Tinos"],
    },
    "figtree": {
        "roboto": ["Roboto"],
        "segoeUI": ["Segoe UI"],
        "arial": ["Arial", "Helvetica", "Liberation Sans", "Arimo"],
    },
}

# Fallbacks that Capsize does not know: a name, the weight, the fonts, and the scale. It is the mean
# width of letters, by their frequency in English, in our font by that in theirs.
MEASURED = {
    "faustina": [("DejaVu Serif", "400", ["DejaVu Serif"], 0.8064)],
    "figtree": [
        ("DejaVu Sans", "400", ["DejaVu Sans"], 0.8821),
        ("DejaVu Sans", "700", ["DejaVu Sans Bold"], 0.8037),
    ],
}


def make(family, style, weights, characters):
    path = SOURCE / f"@fontsource-variable/{family}/files/{family}-latin-wght-{style}.woff2"
    font = instancer.instantiateVariableFont(TTFont(path, recalcTimestamp=False), {"wght": weights})
    font.flavor = None
    # The subsetter needs tables that are read from a file.
    plain = io.BytesIO()
    font.save(plain)
    plain.seek(0)
    font = TTFont(plain, recalcTimestamp=False)
    options = subset.Options()
    options.layout_features = ["kern", "liga", "tnum", "lnum"]
    options.hinting = False
    options.name_IDs = [0, 1, 2]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    font.flavor = "woff2"
    packed = io.BytesIO()
    font.save(packed)
    bytes_ = packed.getvalue()
    name = f"{family}-{style}.{hashlib.sha256(bytes_).hexdigest()[:16]}.woff2"
    (TARGET / name).write_bytes(bytes_)
    return name, len(bytes_)


def ranges(characters):
    parts, start = [], None
    ordered = sorted(set(characters))
    for index, character in enumerate(ordered):
        start = character if start is None else start
        if index + 1 == len(ordered) or ordered[index + 1] != character + 1:
            parts.append(f"U+{start:X}" if start == character else f"U+{start:X}-{character:X}")
            start = None
    return ", ".join(parts)


def metrics(name):
    script = f"import('@capsizecss/metrics/{name}').then(m => console.log(JSON.stringify(m.default ?? m)))"
    run = subprocess.run(["node", "-e", script], cwd=SOURCE.parent, capture_output=True, check=True)
    found = json.loads(run.stdout)
    return found.get("default", found)


def percent(number):
    return f"{100 * number:.2f}%"


def main():
    for old in TARGET.glob("*.woff2"):
        old.unlink()
    total = 0
    for family, style, weights, characters in FONTS:
        name, size = make(family, style, weights, characters)
        total += size
        weight = f"{weights[0]} {weights[1]}" if isinstance(weights, tuple) else weights
        print(f"""@font-face {{
  font-family: {family.title()};
  src: url("/fonts/{name}") format("woff2");
  font-weight: {weight};
  font-style: {style};
  font-display: optional;
  unicode-range: {ranges(characters)};
}}
""")
    for family, fallbacks in FALLBACKS.items():
        own = metrics(family)
        em = own["unitsPerEm"]
        faces = []
        for fallback, names in fallbacks.items():
            other = metrics(fallback)
            scale = (own["xWidthAvg"] / em) / (other["xWidthAvg"] / other["unitsPerEm"])
            faces.append((names[0], None, names, scale))
        for name, weight, names, scale in faces + MEASURED[family]:
            local = ", ".join(f'local("{name}")' for name in names)
            weight = f"  font-weight: {weight};\n" if weight else ""
            print(f"""@font-face {{
  font-family: "{family.title()} as {name}";
  src: {local};
{weight}  size-adjust: {percent(scale)};
  ascent-override: {percent(own["ascent"] / em / scale)};
  descent-override: {percent(-own["descent"] / em / scale)};
  line-gap-override: {percent(own["lineGap"] / em / scale)};
}}
""")
        licence = SOURCE / f"@fontsource-variable/{family}/LICENSE"
        shutil.copy(licence, TARGET / f"{family}-OFL.txt")
    print(f"{total} bytes", file=sys.stderr)
    assert total <= MOST_BYTES, "the fonts are too large"


main()
