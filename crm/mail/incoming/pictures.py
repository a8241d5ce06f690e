"""Pictures in letters: those that came along are shown; those that lie elsewhere only when somebody asks for them.

A picture reaches the page as data, so that reading a letter never asks any server for anything. A message is any row
with `html` and `images`, the pictures in order: {"url": …, "file": uuid of our copy or ""} or {"cid": …, "file": …}.
"""

import base64
import re
from concurrent.futures import ThreadPoolExecutor

from django.db import transaction

from crm import files, outside
from crm.mail.incoming.markup import sanitised
from crm.mail.incoming.parse import picture_type
from crm.models import StoredFile

MOST = 30
LARGEST = 3 * 1024 * 1024
LARGEST_PAGE = 15 * 1024 * 1024
SECONDS = 8
_PICTURE = re.compile(r"<img\b[^>]*>")
_SOURCE = re.compile(r'\ssrc="((?:remote|cid):[^"]*)"', re.I)


def shown(message):
    """The letter's HTML with its pictures inside; those that nobody asked for are left out."""
    held = _held(message)

    def picture(tag):
        source = _SOURCE.search(tag.group())
        data = held.get(source.group(1).lower()) if source else None
        return tag.group().replace(source.group(1), data) if data else ""

    return _PICTURE.sub(picture, sanitised(message.html))


def fetch_pictures(message):
    """Fetch the pictures of a letter that lie elsewhere, through the guard, and keep them. Returns how many came."""
    wanted = [(n, image["url"]) for n, image in enumerate(message.images) if image.get("url") and not image["file"]]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda pair: (pair[0], _fetch(pair[1])), wanted[:MOST]))
    with transaction.atomic():
        message = type(message)._base_manager.select_for_update().get(pk=message.pk)
        for number, content in found:
            if content and not message.images[number]["file"]:
                name = f"picture.{picture_type(content).partition('/')[2]}"
                kept = files.store(content, name, target=message, kind="inline")
                message.images[number]["file"] = str(kept.uuid)
        message.save(update_fields=["images"])
    return sum(1 for _number, content in found if content)


def _fetch(url):
    """The bytes of a picture, None for whatever is not one or cannot be had."""
    try:
        content = outside.fetch(url, limit=LARGEST, seconds=SECONDS).content
    except outside.Refused:
        return None
    return content if picture_type(content) else None


def _held(message):
    """{"remote:0" or "cid:name": data address} of the pictures that are here."""
    names = {}
    for number, image in enumerate(message.images):
        if image.get("file"):
            names.setdefault(image["file"], []).append(f"cid:{image['cid']}" if "cid" in image else f"remote:{number}")
    found, total = {}, 0
    for file in StoredFile.objects.filter(uuid__in=names, kind="inline"):
        total += file.size
        if total > LARGEST_PAGE:
            break
        try:
            with file.content.open("rb") as opened:
                content = opened.read()
        except FileNotFoundError:
            continue  # the letter opens without a picture that the store has lost
        if kind := picture_type(content):
            data = f"data:{kind};base64,{base64.b64encode(content).decode()}"
            found |= {name.lower(): data for name in names[str(file.uuid)]}
    return found
