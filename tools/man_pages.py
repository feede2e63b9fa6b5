#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Manual pages out of what the program says of itself.

Usage: man_pages.py STRATA VERSION FOLDER

Writes strata.1 and a strata-VERB.1 for each verb: one text, `--help`, and no second one that could
say something else.
"""
import gzip
import pathlib
import re
import subprocess
import sys


def said(strata, *words):
    done = subprocess.run([strata, *words, "--help"], check=False, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + text if text.startswith(".") else text


def sections(text):
    """(heading, lines) of a help text; what stands before the first heading is under ''."""
    found = [("", [])]
    for line in text.splitlines():
        heading = re.fullmatch(r"([A-Z][A-Za-z ]*):(?: (.*))?", line)
        if heading and heading.group(1) in ("Usage", "Options", "Positionals", "Subcommands",
                                            "Stack", "Example", "Exit status"):
            found.append((heading.group(1), [heading.group(2)] if heading.group(2) else []))
        else:
            found[-1][1].append(line)
    return found


def entries(lines):
    """(what is typed, what it does) of a list of flags, positionals or verbs."""
    found = []
    for line in lines:
        if not line.strip():
            continue
        is_more = line.startswith(" " * 20)
        if is_more and found:
            found[-1][1] = f"{found[-1][1]} {line.strip()}".strip()
            continue
        parts = re.split(r"\s{2,}", line.strip(), maxsplit=1)
        found.append([parts[0], parts[1] if len(parts) > 1 else ""])
    return [tidy(*entry) for entry in found]


def tidy(what, does):
    """Without the words of a command-line library."""
    what, _, excluded = what.replace(" REQUIRED", "").partition(" Excludes: ")
    others = f" (not with {', '.join(excluded.split())})" if excluded else ""
    return what, does + others


def listed(lines):
    nothing = "\\&"
    return "".join(f".TP\n.B {escaped(what)}\n{escaped(does) or nothing}\n"
                   for what, does in entries(lines))


def page(name, version, text, others):
    parts = dict(sections(text))
    summary = " ".join(line.strip() for line in parts[""] if line.strip())
    body = [f'.TH {name.upper()} 1 "" "Strata {version}" "User Commands"\n',
            f".SH NAME\n{escaped(name)} \\- {escaped(summary.rstrip('.'))}\n",
            f".SH SYNOPSIS\n.B {escaped(parts['Usage'][0])}\n"]
    for heading, title in (("Subcommands", "VERBS"), ("Positionals", "ARGUMENTS"),
                           ("Options", "OPTIONS"), ("Stack", "THE STACK")):
        if heading in parts:
            body.append(f".SH {title}\n{listed(parts[heading])}")
    if "Example" in parts:
        lines = "\n".join(escaped(line.strip()) for line in parts["Example"] if line.strip())
        body.append(f".SH EXAMPLE\n.nf\n{lines}\n.fi\n")
    body.append(".SH EXIT STATUS\n0: done. 1: failed. 2: the command line makes no sense.\n")
    body.append(".SH SEE ALSO\n" + ",\n".join(f".BR {escaped(one)} (1)" for one in others) + "\n")
    return "".join(body)


def write(folder, name, text):
    with gzip.GzipFile(folder / f"{name}.1.gz", "wb", mtime=0) as out:
        out.write(text.encode())


def main():
    strata, version, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    whole = said(strata)
    verbs = [what for what, _ in entries(dict(sections(whole))["Subcommands"])]
    pages = [f"strata-{verb}" for verb in verbs]
    write(folder, "strata", page("strata", version, whole, pages))
    for verb in verbs:
        others = ["strata"] + [one for one in ("strata-status", "strata-up") if one[7:] != verb]
        # A verb that hands over to another program says nothing where that is not installed.
        if text := said(strata, verb):
            write(folder, f"strata-{verb}", page(f"strata-{verb}", version, text, others))


main()
