#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our headers as Doxygen wants them: what stands in plain comments is the documentation.
Usage: doxygen_filter.py HEADER (the text goes to standard output)

The comment that opens a file, and those with empty lines around them, speak of the file; a comment
right above a declaration speaks of that; one behind it, too.
"""
import re
import sys

LINE = re.compile(r"^(\s*)//(?!/)( ?)(.*)$")
BEHIND = re.compile(r"^(.*[;,{})>\w]\s*)//( .*)$")
RULER = re.compile(r"^\W*(──|--)")
IS_CODE = re.compile(r"^ {2,}\S")


def escaped(text):
    """Words in angle brackets are places to fill in, not HTML; nor are @, \\ and :: of addresses
    commands or names."""
    text = re.sub(r"([\\@])", r"\\\1", text).replace("<", r"\<").replace("#", r"\#")
    return re.sub(r"(?<![\w>])::", r"\\::", text)


def block_of(lines, at):
    """The comment that begins there: its lines, and where it ends."""
    end = at
    while end < len(lines) and LINE.match(lines[end]):
        end += 1
    return [LINE.match(line) for line in lines[at:end]], end


def of_file(block):
    """Sketches are indented by two or more; the rest is text."""
    told, in_code = ["/// @file"], False
    for match in block:
        text = match[3]
        if text.startswith("SPDX-"):
            continue
        is_code = bool(IS_CODE.match(" " + text)) or (in_code and not text)
        if is_code != in_code:
            told.append("/// @verbatim" if is_code else "/// @endverbatim")
            in_code = is_code
        told.append("/// " + (text if in_code else escaped(text)))
    if in_code:
        told.append("/// @endverbatim")
    return told + [""]


def of_declaration(block, below):
    """Steps that are numbered in a function, or a ruler between sections, document nothing."""
    if below.strip().startswith(("#", "}", "return", "if ", "for ")):
        return [match[0] for match in block]
    return [match[1] + "/// " + escaped(match[3]) if not RULER.match(match[3]) else match[0]
            for match in block]


def converted(text):
    lines, made, at = text.split("\n"), [], 0
    while at < len(lines):
        if not LINE.match(lines[at]):
            behind = BEHIND.match(lines[at])
            made.append(f"{behind[1]}///<{escaped(behind[2])}" if behind else lines[at])
            at += 1
            continue
        block, end = block_of(lines, at)
        below = lines[end] if end < len(lines) else ""
        is_outside = not block[0][1]
        if is_outside and (at == 0 or not below.strip()):
            made += of_file(block)
        else:
            made += of_declaration(block, below)
        at = end
    return "\n".join(made)


def converted_c(text):
    opening = re.match(r"// SPDX.*\n// (.*)\n", text)
    text = f"/** @file\n * {opening[1]} */\n" + text[opening.end():]
    text = re.sub(r"^(\s*)/\* ?(?!-)", r"\1/** ", text, flags=re.M)
    return re.sub(r"(\S.*\s)/\* ", r"\1/**< ", text)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    sys.stdout.write(converted_c(text) if sys.argv[1].endswith("/strata.h") else converted(text))


if __name__ == "__main__":
    main()
