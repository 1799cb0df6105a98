# SPDX-License-Identifier: BSD-2-Clause
"""Serial ports that are reached by a URL, and which URLs are taken.

pyserial knows more schemes than are taken here: its ``spy://`` writes what goes over the line into a file of the caller's
choice, ``alt://`` takes the name of a class, and all of them take options. A port's name may come from a file or a web form,
so only what is needed is let through.
"""

import queue
import re
import threading
from urllib.parse import urlsplit

from hadam_hw.errors import LinkError

#: Seconds until a port must be open: name look-up, connection and, for rfc2217://, the negotiation of its settings.
CONNECT_SECONDS = 15.0
FORMS = "socket://HOST:PORT, rfc2217://HOST:PORT or loop://"
#: Some servers never acknowledge the control lines; this option of pyserial's is all that may follow a port.
_OPTION = {"rfc2217": ("", "ign_set_control")}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_url(port):
    """Whether ``port`` names a port by a URL, and not as the system does (``/dev/ttyUSB1``, ``COM3``)."""
    return _URL.match(port) is not None


def has_rate(port):
    """Whether a rate set here is that of the line: plain sockets and loops have none."""
    return not is_url(port) or urlsplit(port).scheme == "rfc2217"


def check_url(port):
    """Does nothing for a URL that is taken.

    Raises
    ------
    LinkError
        For any other scheme, and for anything behind the port's number.
    """
    try:
        parts = urlsplit(port)
        number = parts.port
    except ValueError as error:  # a port's number beyond 65,535, half an IPv6 address
        raise LinkError(f"Port must be {FORMS}, not {port!r} ({error})") from None
    place = bool(parts.hostname and number and not parts.username)
    good = {"socket": place, "rfc2217": place, "loop": not parts.netloc}.get(parts.scheme)
    if good is None:
        raise LinkError(f"Port must be a serial port or {FORMS}, not of the scheme {parts.scheme}://; "
                        "others of pyserial's write files or load classes")
    if not good or parts.path or parts.fragment or parts.query not in _OPTION.get(parts.scheme, ("",)):
        raise LinkError(f"Port must be {FORMS} and no more, not {port!r}; only rfc2217:// takes an option, ?ign_set_control")


def open_within(seconds, opening):
    """What ``opening()`` returns or raises, unless it takes longer than ``seconds``.

    Neither a name look-up nor pyserial's negotiation can be told when to give up, so a thread of their own waits for them;
    a port that opens too late is closed as soon as nothing refers to it.

    Raises
    ------
    TimeoutError
    """
    answers = queue.SimpleQueue()

    def attempt():
        try:
            answers.put((opening(), None))
        except Exception as error:  # whatever it is, the caller's thread raises it
            answers.put((None, error))

    threading.Thread(target=attempt, daemon=True).start()
    try:
        opened, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"not open after {seconds:g} s") from None
    if error is not None:
        raise error
    return opened
