"""Titles of an attacker: texts that could break out of each format, mixed at random."""

import random
from functools import cache

# To run something: it would set `pwned`, open a dialog, or ask the server for an address with that word in it.
MARKUP = (
    "<script>pwned=1</script>",
    "</title><script>alert('pwned')</script>",
    "</script><script>pwned=1</script>",
    "<img src=/pwned onerror=alert(1)>",
    "<svg/onload=pwned=1>",
    "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "<html xmlns='http://www.w3.org/1999/xhtml'><script>pwned=1</script></html>",
    "<iframe src=javascript:parent.pwned=1></iframe>",
    "<body onload=alert(1)>",
    "<link rel=stylesheet href=/pwned>",
    "<meta http-equiv=refresh content='0;url=/pwned'>",
    "<base href=/pwned/>",
    "<input autofocus onfocus=pwned=1>",
    "<details open ontoggle=pwned=1>",
    "<a href=\"javascript:pwned=1\">here</a>",
    "<math><mi//xlink:href=\"data:x,<script>pwned=1</script>\">",
    "<!--<script>--><img src=/pwned>",
    "--><img src=/pwned><!--",
    "]]><script>pwned=1</script><![CDATA[",
    "\"><img src=/pwned onerror=pwned=1>",
    "' onmouseover='pwned=1",
    "&lt;script&gt;pwned=1&lt;/script&gt;",
    "&#60;script>pwned=1&#60;/script>",
    "+ADw-script+AD4-pwned=1+ADw-/script+AD4-",
    "javascript:pwned=1//",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>pwned=1</script>",
    "vbscript:msgbox(1)",
    "{{constructor.constructor('pwned=1')()}}",
    "${alert(1)}",
    "#{7*7}<%= 7*7 %>{% raw %}",
    "`;pwned=1;`",
    "\";pwned=1;//",
    "\\\";pwned=1;//",
    "\u2028pwned=1\u2029",
)  # fmt: skip

FORMULAS = (
    "=1+1", "=HYPERLINK(\"http://127.0.0.1/pwned\",\"x\")", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1",
    "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠1", "|calc", "%0A=1", "'=1", "\";=1", ";=1", "\xa0=1",
)  # fmt: skip

STRUCTURE = (
    "\r\nBEGIN:VEVENT\r\nUID:pwned\r\nEND:VEVENT", "\nEND:VCALENDAR\n", "\r\n ATTACH:file:///etc/passwd", "\\n\\,\\;",
    "X;VALUE=URI:http://127.0.0.1/pwned", "\"", "'", "\"\"", ",", ";", "\\", "\\\\", "\r", "\n", "\r\n", "\t", "\x0b",
    "\x0c", "\x85", "]]>", "<![CDATA[", "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>", "&y;", "&amp;", "&",
    "<", ">", "</entry></feed>", "<entry>", "<?xml-stylesheet href='/pwned'?>", "{", "}", "[", "]", "{\"items\":[]}",
    "],\"next\":null}", "@id", "@context", "_:b0", "null", "NaN", "1e309", "' OR 1=1 --", "'; DROP TABLE event; --",
    "%s%n%x", "../../etc/passwd", "%00", "\\u0000", "$(id)", "`id`", "; id", "| id",
)  # fmt: skip

SIGNS = (
    "\u202epwned\u202c", "\u2066\u2067", "\u200b", "\u200d", "\ufeff", "\ufffe", "\uffff", "\ufdd0", "\U0010ffff",
    "\x01", "\x08", "\x1b[2J\x1b]0;pwned\x07", "\x7f", "\x9b31m", "\u0301\u0301\u0301", "Z̸̧a̴l̵g̶o̷", "مرحبا", "שלום",
    "東京", "👩🏽‍🚀", "🏳️‍🌈", "𝒳", "\u00ad", "\u034f", "\u3164", "İıſ", "ﬁ", "\u1160", "\xa0", "\u3000",
)  # fmt: skip

LONG = "x" * 700


@cache
def titles(number: int) -> tuple[str, ...]:
    """Return ``number`` different titles; each piece begins some of them, ends others, and stands within others."""
    generator = random.Random(number)
    pieces = (*MARKUP, *FORMULAS, *STRUCTURE, *SIGNS)
    result = []
    for index in range(number):
        rest = [*generator.choices(pieces, k=generator.randint(0, 2)), str(index)]
        generator.shuffle(rest)
        parts = [pieces[index % len(pieces)], *rest] if index % 3 else [*rest, pieces[index % len(pieces)]]
        result.append("".join(parts) + (LONG if index % 1000 == 999 else ""))
    return tuple(result)
