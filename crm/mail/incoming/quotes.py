"""Folding what a letter repeats of earlier ones, and its signature. Nothing is dropped: what is folded is one click away."""

import re

# "On Mon, 23 Nov 2026 at 09:00, Ann <…> wrote:" as mail programs of several tongues put it.
_INTRO = re.compile(
    r"""^(
        (On|Am|Le|El)\b.{5,300}(wrote|schrieb|a\ écrit|escribió)\s*:
        | .{0,200}\d{1,2}:\d{2}.{0,200}:
        | .{0,200}(пишет|писала?|написал(\(а\)|а)?)\s*:
        | -{2,}\s*(Original\ Message|Forwarded\ message|Исходное\ сообщение|Пересылаемое\ сообщение)\s*-{2,}
        | _{10,}
    )\s*$""",
    re.X | re.I,
)
_HEADS = re.compile(r"^(From|Von|От|От\ кого)\s*:.+", re.I)
# A signature longer than this, or one with a paragraph in it, is text of the client.
_SIGNATURE = 8
_HEAD = re.compile(r"^[^\W\d][\w ]{1,14}\s*:\s")


def fold(text):
    """(what is shown, what is folded). Only a copy or signature at the very end is: answers between the lines stay."""
    lines = text.split("\n")
    cut = _quoted(lines)
    if cut is None:
        cut = _copied(lines)
    cut = _signed(lines, len(lines) if cut is None else cut)
    if cut is None or not "".join(lines[:cut]).strip():
        return text, ""
    return "\n".join(lines[:cut]).rstrip(), "\n".join(lines[cut:])


def _signed(lines, end):
    """Where the signature before `end` begins, else `end`; None when nothing is to be folded."""
    last = end
    while last and not lines[last - 1].strip():
        last -= 1
    for number in range(last - 1, max(0, last - _SIGNATURE - 2), -1):
        if not lines[number].strip():
            break
        if lines[number].rstrip() == "--":
            return number
    return end if end < len(lines) else None


def _quoted(lines):
    """Where a run of lines marked with > begins that reaches to the end, its introduction with it."""
    start = len(lines)
    while start and (not lines[start - 1].strip() or lines[start - 1].lstrip().startswith(">")):
        start -= 1
    while start < len(lines) and not lines[start].strip():
        start += 1
    if start == len(lines):
        return None
    above = start
    while above and not lines[above - 1].strip():
        above -= 1
    for taken in (1, 2):
        if above >= taken and _INTRO.match(" ".join(line.strip() for line in lines[above - taken : above])):
            return above - taken
    return start


def _copied(lines):
    """Where a copy begins that is not marked line by line: its head, which a rule or an empty line stands before."""
    for number, line in enumerate(lines):
        if not _HEADS.match(line.strip()) or not number:
            continue
        before = number - 1
        while before and not lines[before].strip():
            before -= 1
        heads = [row for row in lines[number + 1 : number + 5] if _HEAD.match(row.strip())]
        ruled = bool(_INTRO.match(lines[before].strip()))
        if heads and (ruled or (len(heads) >= 2 and not lines[number - 1].strip())):
            return before if ruled else number
    return None
