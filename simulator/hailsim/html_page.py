"""The frame of every HTML page: self-contained, without network requests, and with no script but its own."""

from __future__ import annotations

import base64
import hashlib
import html
from importlib.resources import files
from string import Template


def html_page(*, title: str, style: str, body: str, script: str = "") -> str:
    """A page, to be written as UTF-8. `title` is plain text; `body` is HTML, `style` CSS, both with a newline at the end.

    `script`: JavaScript that runs after the body is read. The page's security policy allows it by its hash.
    """
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    frame = Template(files("hailsim").joinpath("page.html").read_text("utf-8"))
    return frame.substitute(
        script_source=f"; script-src 'sha256-{hashed}'" if script else "",
        title=html.escape(title),
        style=style,
        body=body,
        script=f"<script>{script}</script>\n" if script else "",
    )
