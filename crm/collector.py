"""How Python looks for rings of objects: seldom, and not among what stays for ever.

A process that serves holds some four hundred thousand objects of its libraries. To look through all of them costs fifty
milliseconds, in the middle of whatever page is being made; an import spent a third of its time so.
"""

import gc


def settle():
    """Call once a process has loaded what it keeps. From then on only newer objects are looked at, and less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
